// diff is imported here and nowhere else: this module is loaded only where a diff is shown.
import { createTwoFilesPatch } from "diff";
import type { PlannedFile } from "../app/plan.ts";
import { printable } from "../core/text.ts";
import type { Paint } from "./paint.ts";

/** A planned change as a unified diff, without the values of secrets that stand in the files. */
export function diffLines({ path, before, after }: PlannedFile, paint: Paint): string[] {
  const patch = createTwoFilesPatch(
    before === undefined ? "/dev/null" : `a/${path}`,
    `b/${path}`,
    before ?? "",
    after,
    undefined,
    undefined,
    { context: 3 },
  );
  const [, ...lines] = patch.trimEnd().split("\n"); // the first is a rule of "=" signs
  return lines.map((line) => painted(withoutSecrets(visible(line)), paint));
}

/** Tabs are part of a file's text; other control characters could act on the terminal. */
function visible(line: string): string {
  return line.replace(/\r$/, "").split("\t").map(printable).join("\t");
}

/** A file that was there may hold a secret as a literal: the names of variables are none. */
function withoutSecrets(line: string): string {
  if (!/secret|password|passwd|passphrase|token|api_?key/i.test(line)) return line;
  return line.replace(
    /(["'])((?:\\.|(?!\1).)+)\1/g,
    (literal, quote: string, text: string) =>
      /^[A-Z][A-Z0-9_]*$/.test(text) ? literal : `${quote}***${quote}`,
  );
}

function painted(line: string, paint: Paint): string {
  if (/^(---|\+\+\+) /.test(line)) return paint("bold", line);
  if (line.startsWith("@@")) return paint("cyan", line);
  if (line.startsWith("+")) return paint("green", line);
  return line.startsWith("-") ? paint("red", line) : line;
}
