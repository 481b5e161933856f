import { UsageError } from "../core/errors.ts";

/** Characters that the passphrase of a new backup must have. */
const LEAST = 12;

/** @throws {UsageError} if a passphrase is too short to protect a file. */
export function checkPassphrase(passphrase: string): void {
  if ([...passphrase].length >= LEAST) return;
  throw new UsageError(`The passphrase has fewer than ${LEAST} characters, so it can be guessed`, {
    hint: "Make one with `openssl rand -base64 18`, and keep it apart from the backup",
  });
}
