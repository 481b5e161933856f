/** What docs/reference/ says about the documents of `--json`. */
import { join } from "node:path";

const FOLDER = join(import.meta.dirname ?? "", "../../docs/reference");

/**
 * The fields of the document of a command, in the order of the alphabet. `pattern` or `table` are
 * one field, which is called as the latter.
 * @param omitted The fields that are left out in this document.
 * @param heading That of the command's own fields.
 */
export async function documentedFields(
  command: string,
  omitted: readonly string[] = [],
  heading = "JSON",
): Promise<string[]> {
  const common = await Deno.readTextFile(join(FOLDER, "json.md"));
  const page = `commands/${command.replace(":", "-")}.md`;
  const own = await Deno.readTextFile(join(FOLDER, page));
  const isOnStore = own.includes("(../json.md#commands-on-a-store)");
  return [
    ...fieldsBelow(common, "Every document"),
    ...(isOnStore ? fieldsBelow(common, "Commands on a store") : []),
    ...fieldsBelow(own, heading),
  ].map((name) => name === "pattern" ? "table" : name)
    .filter((name) => !omitted.includes(name)).sort();
}

/** The fields of the document of `azu --version --json`. */
export async function versionFields(): Promise<string[]> {
  return fieldsBelow(await Deno.readTextFile(join(FOLDER, "json.md")), "The version").sort();
}

/** The first column of the table of fields below a heading. */
function fieldsBelow(page: string, heading: string): string[] {
  const [, after = ""] = page.split(`\n## ${heading}\n`);
  const [section = ""] = after.split(/^## /m);
  const [, rows = ""] = /^\| field .*\n.*\n((?:\|.*\n)+)/m.exec(section) ?? [];
  if (rows === "") throw new Error(`There is no table of fields below ${heading}`);
  return Array.from(rows.matchAll(/^\| `(\w+)`/gm), ([, name = ""]) => name);
}
