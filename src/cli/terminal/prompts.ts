import { UsageError } from "../../core/errors.ts";
import type { Host } from "./host.ts";

/** Whether there is somebody to ask, and a screen to ask on. */
export function canAsk(host: Host): boolean {
  return host.stdin.isTerminal && host.stderr.isTerminal;
}

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
  if (!canAsk(host)) {
    throw new UsageError("There is no terminal to ask for confirmation; nothing was changed", {
      hint: "Pass --force to go on without being asked",
    });
  }
  introduce();
  return await ask(host, question) === true;
}

/** The answer to a question; undefined where it was none: the end of the input, an interruption. */
export async function ask(host: Host, question: string): Promise<boolean | undefined> {
  host.stderr.write(`${question} [y/N]: `);
  const answer = await host.stdin.readLine(host.signal);
  if (answer !== undefined) return /^y(es)?$/i.test(answer.trim());
  host.stderr.write("\n");
  return undefined;
}
