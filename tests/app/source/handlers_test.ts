import { deepStrictEqual, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import { handlersList } from "../../../src/app/source/handlers.ts";
import { assertFormatted } from "../../support/crystal.ts";
import { needs } from "../../support/env.ts";

const ELEMENT = "Shop::SessionHandler.new";

/** A main file as `azu new` lays it out, with the given methods. */
function app(methods: string): string {
  return `require "azu"\n\nmodule Shop\n  include Azu\n\n${methods}\nend\n`;
}

/** The body of `def self.handlers`, by lines. */
function handlers(...lines: string[]): string {
  return app(["  def self.handlers", ...lines.map((line) => `    ${line}`), "  end"].join("\n"));
}

/** `>>` is where the element is put in. */
const recognized: Record<string, string> = {
  "as azu new writes it": handlers("[", "  A.new,", "  B.new,", ">>]"),
  "one alone": handlers("[", "  A.new,", ">>]"),
  "with a type": handlers("[", "  A.new,", ">>] of ::HTTP::Handler"),
  "with arguments": handlers("[", '  A.new("]", x(1), y: [2]),', "  B.new(C.new, D[0]),", ">>]"),
  "comments behind elements": handlers("[", "  A.new, # a, b", ">>]"),
  "comments on lines of their own": handlers(
    "[",
    "  # A",
    "  A.new,",
    ">>  # B.new,",
    "  # ]",
    "]",
  ),
  "blank lines": handlers("[", "  A.new,", "", "  B.new,", ">>]").replace("    \n", "\n"),
  "strings with brackets and code": handlers("[", '  A.new("]," + "#{[1, 2]}", %w(a ] b)),', ">>]"),
  "a return type": handlers("[", "  A.new,", ">>]")
    .replace("self.handlers", "self.handlers : Array(HTTP::Handler)"),
  "others in comments, strings and heredocs around": app(
    "  # def self.handlers; [X.new]; end\n" +
      '  TEXT = "def self.handlers\n[X.new]\nend"\n' +
      "  MORE = <<-END\n    def self.handlers\n      [X.new]\n    end\n    END\n\n" +
      "  def self.handlers\n    [\n      A.new,\n>>    ]\n  end\n\n" +
      "  def self.other_handlers\n    [X.new]\n  end",
  ),
};

const LINE = `      ${ELEMENT},\n`;

function addHandler(source: string): string | undefined {
  return handlersList(source)?.with(ELEMENT);
}

/** `>>` stands at the begin of a line, after its indentation. */
function laidOut(layout: string): { readonly before: string; readonly after: string } {
  return {
    before: layout.replace(/>>/, ""),
    after: layout.replace(/^( *)>>/m, (_, indent: string) => LINE + indent),
  };
}

for (const [name, layout] of Object.entries(recognized)) {
  Deno.test(`handlers: ${name}`, () => {
    const { before, after } = laidOut(layout);
    strictEqual(addHandler(before), after);
    const windows = (text: string) => text.replaceAll("\n", "\r\n");
    strictEqual(addHandler(windows(before)), windows(after));
    strictEqual(addHandler(`\ufeff${before.trimEnd()}`), `\ufeff${after.trimEnd()}`);
    strictEqual(handlersList(before)?.module, "Shop");
  });
}

Deno.test("handlers: what is formatted stays formatted", needs("crystal"), async () => {
  const layouts = Object.entries(recognized).map(([name, layout]) =>
    [name, laidOut(layout)] as const
  );
  await assertFormatted(Object.fromEntries(layouts.map(([name, { before }]) => [name, before])));
  await assertFormatted(Object.fromEntries(layouts.map(([name, { after }]) => [name, after])));
});

Deno.test("handlers: a missing comma is added, before a comment", () => {
  strictEqual(
    addHandler(handlers("[", "  A.new,", "  B.new # b", "]")),
    handlers("[", "  A.new,", "  B.new, # b", `  ${ELEMENT},`, "]"),
  );
});

const strange: Record<string, string> = {
  "none": app(""),
  "on one line": handlers("[A.new, B.new]"),
  "an empty list": handlers("[] of HTTP::Handler"),
  "indented by tabs": handlers("[", "  A.new,", "]").replaceAll("  ", "\t"),
  "a block": handlers("[", "  A.new do", "    1", "  end,", "]"),
  "a chain": handlers("[", "  A.new", "    .itself,", "]"),
  "a module that extends itself": handlers("[", "  A.new,", "]").replace(
    "self.handlers",
    "handlers",
  ),
  "in a comment": app("  # def self.handlers\n  #   [A.new]\n  # end"),
  "in a heredoc": app("  X = <<-END\n  def self.handlers\n    [A.new]\n  end\n  END"),
  "only a comment": handlers("[", "  # none yet", "]"),
  "two of them": app(
    "  def self.handlers\n    [\n      A.new,\n    ]\n  end\n\n" +
      "  def self.handlers\n    [\n      B.new,\n    ]\n  end",
  ),
  "an instance's": handlers("[A.new]").replace("self.handlers", "handlers"),
  "at the top": "def handlers\n  [A.new]\nend\n",
  "with arguments": handlers("[A.new]").replace("handlers", "handlers(x)"),
  "a macro": handlers("[A.new]").replace("def self.handlers", "macro handlers"),
  "in a macro's condition": app(
    "  {% if flag?(:x) %}\n    def self.handlers\n      [A.new]\n    end\n  {% end %}",
  ),
  "in a macro": app("  macro define\n    def self.handlers\n      [A.new]\n    end\n  end"),
  "a macro's condition inside": handlers(
    "[",
    "  {% if flag?(:x) %}",
    "    A.new,",
    "  {% end %}",
    "  B.new,",
    "]",
  ),
  "a macro's code inside": handlers("[", '  {{ run("x") }},', "  B.new,", "]"),
  "a call on the list": handlers("[A.new].compact"),
  "a sum": handlers("[A.new] + more"),
  "code before": handlers("log", "[A.new]"),
  "code behind": handlers("[A.new]", "log"),
  "a rescue": app("  def self.handlers\n    [A.new]\n  rescue\n    [B.new]\n  end"),
  "a tuple": handlers("{A.new, B.new}"),
  "no literal": handlers("HANDLERS"),
  "an array of": handlers("Array(HTTP::Handler).new"),
  "words": handlers("%w(a b)"),
  "a condition behind": handlers("[A.new] if x"),
  "a union": handlers("[A.new] of A | B"),
  "a call without parentheses": handlers("[", "  A.new,", "  B.new STDOUT,", "]"),
  "never closed": "module A\n  def self.handlers\n    [A.new]\n  end\n",
  "brackets that do not match": handlers("[A.new(]]"),
  "empty": "",
};

for (const [name, source] of Object.entries(strange)) {
  Deno.test(`handlers: not recognised: ${name}`, () => {
    strictEqual(addHandler(source), undefined);
  });
}

Deno.test("handlers: whatever the source is, an element is added or nothing", () => {
  const pieces = [
    "module A\n",
    "def self.handlers",
    "\n",
    "[",
    "]",
    "A.new",
    ",",
    " ",
    "end",
    "do",
  ];
  pieces.push("# c\n", '"', "#{", "}", "{", "(", ")", "<<-X", "X\n", "if x", "of Y", "\r\n", "%w(");
  const list = fc.array(fc.constantFrom(...pieces), { maxLength: 14 });
  let changed = 0;
  fc.assert(
    fc.property(list, fc.boolean(), (parts, framed) => {
      const text = parts.join("");
      const before = framed ? handlers("[", `  A.new${text},`, "]") : text;
      const after = addHandler(before);
      if (after === undefined) return true;
      changed++;
      const without = after.replace(new RegExp(`,?\\s*${ELEMENT}`), "");
      return after.includes(ELEMENT) && bare(without) === bare(before);
    }),
    { numRuns: 5000 },
  );
  deepStrictEqual(changed > 50, true);
});

/** Without blanks and commas, of which one may have been added. */
function bare(text: string): string {
  return text.replace(/[\s,]/g, "");
}
