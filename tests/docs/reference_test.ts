/** docs/reference/ says what the command line and the config's schema say. */
import { deepStrictEqual, ok, strictEqual, throws } from "node:assert/strict";
import { join, resolve } from "node:path";
import { withBlocks } from "../../scripts/reference/blocks.ts";
import { referencePages } from "../../scripts/reference/pages.ts";
import { exactly, figureNames, SAMPLE } from "../../src/backends/survey.ts";
import { openMetrics } from "../../src/cli/commands/session_status/openmetrics.ts";
import { topicNames } from "../../src/cli/help/topic_names.ts";
import { fieldNames, formats } from "../../src/cli/sessions/names.ts";

const root = resolve(import.meta.dirname ?? ".", "../..");
const pages = await referencePages(root);

for (const [name, { written, wanted }] of pages) {
  Deno.test(`${name} is up to date`, () => {
    const lines = new Set(written.split("\n"));
    const missing = wanted.split("\n").filter((line) => !lines.has(line));
    ok(
      written === wanted,
      `${name} is not what the code says. Run: ./denow task reference\n${missing.join("\n")}`,
    );
  });
}

Deno.test("each page begins with its title and a sentence", () => {
  for (const [name, { written }] of pages) {
    const [title = "", blank, sentence = ""] = written.split("\n");
    ok(/^# \S/.test(title) && blank === "" && /^[A-Z].*\w/.test(sentence), name);
    strictEqual(written.match(/^# .*/gm)?.filter((line) => line === title).length, 1, name);
  }
});

Deno.test("a page has exactly the blocks that are generated", () => {
  const page = "# P\n\n<!-- generated: a -->\n\nold\n\n<!-- end -->\n";
  strictEqual(withBlocks(page, "p.md", new Map([["a", "$& new"]])), page.replace("old", "$$& new"));
  throws(
    () => withBlocks(page, "p.md", new Map()),
    /^Error: p\.md: nothing generates the block a$/,
  );
  throws(
    () => withBlocks(page, "p.md", new Map([["a", ""], ["b", ""]])),
    /^Error: p\.md lacks a block: <!-- generated: b -->/,
  );
});

/** The texts in the first or another column of the table that has this head. */
function column(page: string, title: string, index = 0): string[] {
  const { written = "" } = pages.get(`docs/reference/${page}`) ?? {};
  const [, rows = ""] = new RegExp(`^\\| ${title} .*\\n.*\\n((?:\\|.*\\n)+)`, "m").exec(written) ??
    [];
  return rows.trim().split("\n").map((row) => row.split(/(?<!\\)\|/)[index + 1]?.trim() ?? "");
}

const codes = (names: readonly string[]) => names.map((name) => `\`${name}\``);

Deno.test("the figures of a status are those of the code, with their metrics", () => {
  deepStrictEqual(column("commands/session-status.md", "figure"), codes(figureNames));
  const figures = Object.fromEntries(figureNames.map((name) => [name, exactly(1)]));
  const lines = openMetrics([{ status: { figures, time: 1 }, labels: {} }]).filter((line) =>
    !line.startsWith("#")
  );
  const metrics = lines.map((line) => line.replace(/\{.*/, ""));
  strictEqual(metrics.pop(), "azu_status_time_seconds");
  deepStrictEqual(column("commands/session-status.md", "figure", 2), codes(metrics));
});

Deno.test("the size of a sample is that of the code", () => {
  const { written = "" } = pages.get("docs/reference/commands/session-status.md") ?? {};
  ok(written.includes(`from up to ${SAMPLE.toLocaleString("en-US")} sessions chosen`));
});

Deno.test("the fields and formats of a list are those of the code", () => {
  deepStrictEqual(column("commands/session-list.md", "field"), codes(fieldNames));
  deepStrictEqual(column("commands/session-list.md", "format"), codes(formats));
});

Deno.test("the topics of help are those of the code", () => {
  deepStrictEqual(column("commands/help.md", "topic"), codes(topicNames));
});

Deno.test("the templates are those of the code", async () => {
  const files = await Array.fromAsync(Deno.readDir(join(root, "templates")), ({ name }) => name);
  const templates = files.filter((name) => name.endsWith(".eta"));
  const named = column("commands/session-setup.md", "template").flatMap((cell) => cell.split(", "));
  deepStrictEqual(named.toSorted(), codes(templates).toSorted());
});
