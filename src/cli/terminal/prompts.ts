import { UsageError } from "../../core/errors.ts";
import type { Host } from "./host.ts";

/** Whether a person can be asked: stdin and stderr are a terminal. */
export function canAsk(host: Host): boolean {
  return host.stdin.isTerminal && host.stderr.isTerminal;
}

/** @throws {UsageError} if there is nobody to ask. */
export function checkTerminal(host: Host): void {
  if (canAsk(host)) return;
  throw new UsageError("There is no terminal to ask for confirmation; nothing was changed", {
    hint: "Pass --force to go on without being asked",
  });
}

/**
 * The answer to a question. Only `y` and `yes` confirm it. Undefined at the end of the input, or after an
 * interruption.
 */
export async function ask(host: Host, question: string): Promise<boolean | undefined> {
  host.stderr.write(`${question} [y/N]: `);
  const answer = await host.stdin.readLine(host.signal);
  if (answer !== undefined) return /^y(es)?$/i.test(answer.trim());
  host.stderr.write("\n");
  return undefined;
}

/**
 * A secret that is typed at the terminal and not shown. Undefined at the end of the input, or after
 * an interruption.
 */
export async function askHidden(host: Host, question: string): Promise<string | undefined> {
  const answer = await host.stdin.readHiddenLine(host.signal, () => {
    host.stderr.write(`${question}: `);
  });
  host.stderr.write("\n"); // the terminal has not shown that of the answer
  return answer;
}
