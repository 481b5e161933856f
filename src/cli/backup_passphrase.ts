/** Where the passphrase of a backup comes from: a variable, or the terminal. */
import { checkPassphrase } from "../backup/passphrase.ts";
import { UsageError } from "../core/errors.ts";
import { printable } from "../core/text.ts";
import type { Host } from "./terminal/host.ts";
import { askHidden, canAsk } from "./terminal/prompts.ts";

export const PASSPHRASE_VARIABLE = "AZU_BACKUP_PASSPHRASE";

/**
 * The passphrase for a new backup, which is asked for twice.
 * @param given The value of the variable; undefined if it is not set.
 * @returns undefined if the question was not answered.
 * @throws {UsageError} if it is too short, or if there is nobody to ask.
 */
export async function newPassphrase(
  host: Host,
  given: string | undefined,
): Promise<string | undefined> {
  if (given !== undefined) {
    checkPassphrase(given);
    return given;
  }
  checkThatAsked(host, "pass --no-encrypt to write it without encryption");
  const passphrase = await askHidden(host, "Passphrase for the new backup");
  if (passphrase === undefined) return undefined;
  checkPassphrase(passphrase);
  const again = await askHidden(host, "The same passphrase again");
  if (again === undefined) return undefined;
  if (again !== passphrase) throw new UsageError("The two passphrases differ");
  return passphrase;
}

/**
 * The passphrase of an encrypted backup.
 * @param given The value of the variable; undefined if it is not set.
 * @returns undefined if the question was not answered.
 * @throws {UsageError} if there is nobody to ask.
 */
export async function passphraseOf(
  host: Host,
  path: string,
  given: string | undefined,
): Promise<string | undefined> {
  if (given !== undefined) return given;
  checkThatAsked(host, "run azu at a terminal");
  return await askHidden(host, `Passphrase of ${printable(path)}`);
}

function checkThatAsked(host: Host, otherwise: string): void {
  if (canAsk(host)) return;
  throw new UsageError("There is no terminal to ask for the passphrase of the backup", {
    hint: `Set ${PASSPHRASE_VARIABLE}, or ${otherwise}`,
  });
}
