import { ExitCode } from "../../../core/errors.ts";
import { within } from "../../../core/within.ts";
import type { AnyCommand } from "../../program.ts";
import type { Host } from "../../terminal/host.ts";
import { type Offer, offerFor } from "./candidates.ts";
import { readLine } from "./line.ts";

export interface CompleteOptions {
  readonly program: AnyCommand;
  /** The words between `azu` and the current word. */
  readonly words: readonly string[];
  /** The word at the cursor, up to the cursor. */
  readonly current: string;
}

/** Milliseconds for the config, which is evaluated to find names in it. */
const LIMIT = 2000;

/** Never fails: whatever is wrong, such as a config that cannot be evaluated, offers nothing. */
export async function complete(
  host: Host,
  { program, words, current }: CompleteOptions,
): Promise<ExitCode> {
  try {
    const line = readLine(program, words, current);
    const offer = await within(offerFor(host, line), { ms: LIMIT });
    host.stdout.write(textOf(offer));
  } catch {
    host.stdout.write("values\n");
  }
  return ExitCode.ok;
}

function textOf(offer: Offer): string {
  if (typeof offer === "string") return `${offer}\n`;
  // In the answer, a control character would end a value, and in a terminal it could do anything.
  const safe = offer.filter(({ value }) => !/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(value));
  const lines = safe.map(({ value, description }) =>
    description === "" ? `${value}\n` : `${value}\t${description}\n`
  );
  return `values\n${lines.join("")}`;
}
