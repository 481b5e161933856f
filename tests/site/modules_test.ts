/** The parts of the documentation site that work without VitePress. */
import { deepStrictEqual, strictEqual, throws } from "node:assert/strict";
import { consoleBlocks } from "../../site/console_blocks.ts";
import { readPages, sidebars } from "../../site/pages.ts";
import { readRatio } from "../../site/results.ts";
import { tempDir, writeTree } from "../support/temp.ts";

Deno.test("menus follow the index page, and contain the pages that it forgets", async () => {
  await using docs = await tempDir();
  await writeTree(docs.path, {
    "how-to/index.md":
      "# How-to guides\n\n## Operate\n\n- [B](b.md)\n- [A](a.md): also [C](c.md)\n",
    "how-to/a.md": "# Clear `<all>`\n",
    "how-to/b.md": "<!-- a note -->\n\n# B\n\nSee [A](a.md) for\n`more`.\n\nSecond.\n",
    "how-to/c.md": "# C\n",
    "reference/index.md": "# Reference\n",
  });
  const pages = readPages(docs.path);
  deepStrictEqual(sidebars(pages)["/how-to/"], [
    { text: "How-to guides", items: [{ text: "Overview", link: "/how-to/" }] },
    {
      text: "Operate",
      items: [{ text: "B", link: "/how-to/b" }, { text: "Clear &lt;all>", link: "/how-to/a" }],
    },
    { text: "More", items: [{ text: "C", link: "/how-to/c" }] },
  ]);
  const b = pages.find(({ path }) => path === "how-to/b.md");
  strictEqual(b?.description, "See A for more.");
});

Deno.test("a page without a heading is refused", async () => {
  await using docs = await tempDir();
  await writeTree(docs.path, { "a.md": "text\n" });
  throws(() => readPages(docs.path), /docs\/a\.md has no first heading/);
});

Deno.test("ratios are read from the cells of a table", () => {
  const read = (...cells: string[]) => {
    const ratio = readRatio(cells);
    return ratio && [ratio.values, ratio.low, ratio.high, ratio.bound, ratio.isWithin];
  };
  deepStrictEqual(read("a", "1.10 (1.19, 1.02, 1.10)", "≤ 1.15"), [[1.1], 1.02, 1.19, 1.15, true]);
  deepStrictEqual(read("a", "1.72 (1.67 to 1.82)", "≤ 1.5"), [[1.72], 1.67, 1.82, 1.5, false]);
  deepStrictEqual(read("a", "4.36, 3.87", "≥ 4"), [[4.36, 3.87], 3.87, 4.36, 4, false]);
  deepStrictEqual(read("a", "27.6 (90 µs per `DEL`)", "≥ 20"), [[27.6], 27.6, 27.6, 20, true]);
  deepStrictEqual(read("a", "8.8 ms", "≤ 20 ms"), undefined);
  deepStrictEqual(read("a", "3.5 (7.2 ms)", ""), undefined);
  throws(() => read("a", "fast", "≤ 2"), /Cannot read the result "fast" of "a"/);
});

Deno.test("the commands of a terminal session are copied without prompts and output", () => {
  const copied = (...lines: string[]) => {
    const code: Node = { type: "element", children: [] };
    const block = { source: `${lines.join("\n")}\n`, options: { lang: "console" } };
    consoleBlocks.code.call(block, code);
    return { shown: textOf(code), copied: textOf(code, "vp-copy-ignore") };
  };
  const lines = ["$ first \\", "  --option", "✓ output", "", "$ second", "more output"];
  deepStrictEqual(copied(...lines), {
    shown: lines.join("\n"),
    copied: "first \\\n  --option\nsecond",
  });
  deepStrictEqual(copied("output", "$ only"), { shown: "output\n$ only", copied: "only" });
});

type Node = Parameters<typeof consoleBlocks.code>[0];

/** The text of a syntax tree, without the elements of a class. */
function textOf(node: Node, without?: string): string {
  const classes = String(node.properties?.["class"] ?? "").split(" ");
  if (without !== undefined && classes.includes(without)) return "";
  return (node.value ?? "") + (node.children ?? []).map((child) => textOf(child, without)).join("");
}
