import { UsageError } from "../core/errors.ts";
import type { Host } from "./host.ts";

/**
 * Asks a person. Only `y` and `yes` are a yes; anything else, the end of the input and an
 * interruption are a no.
 * @param introduce Called once it is known that somebody can be asked.
 * @throws {UsageError} where nobody can be asked.
 */
export async function confirm(
  host: Host,
  question: string,
  introduce: () => void,
): Promise<boolean> {
  if (!host.stdin.isTerminal || !host.stderr.isTerminal) {
    throw new UsageError("There is no terminal to ask for confirmation; nothing was changed", {
      hint: "Pass --force to go on without being asked",
    });
  }
  introduce();
  host.stderr.write(`${question} [y/N]: `);
  const answer = await host.stdin.readLine(host.signal);
  if (answer === undefined) host.stderr.write("\n");
  return /^y(es)?$/i.test(answer?.trim() ?? "");
}
