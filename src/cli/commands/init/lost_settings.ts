/** Which settings of a config are lost if it is overwritten. */
import type { PlannedFile } from "../../../app/plan.ts";

const TEXTS = /"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`/g;
const COMMENTS = /\/\*[^]*?\*\/|\/\/.*/g;

/** The name of a setting before its value, unless that is an object. */
const NAMES = /\b([A-Za-z_]\w*)\s*:(?!\s*\{)/g;

/**
 * The names of the settings in those lines of a config that would not be there any more. Their
 * values, which may be secret, are left to the diff.
 */
export function lostSettings({ action, before = "", after }: PlannedFile): readonly string[] {
  if (action !== "overwrite") return [];
  const kept = new Set(linesOf(after));
  const code = linesOf(before).filter((line) => !kept.has(line)).join("\n")
    .replace(TEXTS, '""').replace(COMMENTS, "");
  return [...new Set(Array.from(code.matchAll(NAMES), ([, name = ""]) => name))];
}

function linesOf(text: string): readonly string[] {
  return text.split("\n").map((line) => line.trim());
}
