/** What docs/reference.md says about the documents of `--json`. */
import { join } from "node:path";

export const REFERENCE = await Deno.readTextFile(
  join(import.meta.dirname ?? "", "../../docs/reference.md"),
);

/** The fields of a command's document, as the table under JSON lists them. */
export function documentedFields(reference: string, command: string): string[] {
  const rows = reference.matchAll(/^\| `(\w+)`(?: or `table`)? +\| ([a-z]+(?:, [a-z]+)*) +\|/gm);
  return Array.from(rows)
    .filter(([, , of = ""]) => of === "all" || of.split(", ").includes(command))
    .map(([, name = ""]) => name);
}
