/**
 * Terminal sessions in the documentation: code blocks in the language `console`. A line that begins
 * with `$ ` is a command, and so is a line that continues one after `\`. All others are output. The
 * copy button copies the commands only.
 */

/** The part of a syntax tree (hast) that is used here. */
interface Node {
  type: string;
  tagName?: string;
  value?: string;
  properties?: Record<string, unknown>;
  children?: Node[];
}

/** VitePress's copy button skips elements of this class. */
const NOT_COPIED = "vp-copy-ignore";
const PROMPT = "$ ";
/** The beginnings of lines of output that azu colours, and their classes. */
const COLOURED: readonly (readonly [string, string])[] = [
  ["✓ ", "ok"],
  ["error: ", "failed"],
  ["warning: ", "warning"],
];
/** A longer line wraps, as in a terminal, unless it has columns. */
const LONGEST_LINE = 80;
const COLUMNS = /\S {2,}\S/;

/** A transformer for Shiki, which highlights the code blocks. */
export const consoleBlocks = {
  name: "console-blocks",
  code(this: { source: string; options: { lang: string } }, code: Node): void {
    if (this.options.lang !== "console") return;
    code.children = lines(this.source.replace(/\n$/, ""));
  },
};

function lines(source: string): Node[] {
  const nodes: Node[] = [];
  let copied = false;
  let continues = false;
  source.split("\n").forEach((line, index) => {
    const newline = index === 0 ? "" : "\n";
    if (line.startsWith(PROMPT) || continues) {
      // A copied text begins with a command, not with an empty line.
      if (newline !== "") nodes.push(copied ? text(newline) : span([NOT_COPIED], [text(newline)]));
      nodes.push(span(["line"], command(line, continues)));
      copied = true;
      continues = line.endsWith("\\");
    } else {
      nodes.push(span([NOT_COPIED], [text(newline), output(line)]));
    }
  });
  return nodes;
}

function command(line: string, isContinued: boolean): Node[] {
  if (isContinued) return [span(["command"], [text(line)])];
  return [
    span(["prompt", NOT_COPIED], [text(PROMPT)]),
    span(["command"], [text(line.slice(PROMPT.length))]),
  ];
}

function output(line: string): Node {
  const colour = COLOURED.find(([beginning]) => line.startsWith(beginning))?.[1] ?? "plain";
  const length = line.length > LONGEST_LINE && !COLUMNS.test(line) ? "long" : "short";
  return span(["line", "output", colour, length], [text(line)]);
}

function text(value: string): Node {
  return { type: "text", value };
}

function span(classes: readonly string[], children: Node[]): Node {
  return { type: "element", tagName: "span", properties: { class: classes.join(" ") }, children };
}
