import { deepStrictEqual, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import { addHandler } from "../../../src/app/source/handler_list.ts";
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

/** `>>` is where the element is put in, with the line or the comma that go with it. */
const formatted: Record<string, [layout: string, added: string]> = {
  "as azu new writes it": [
    handlers("[", "  A.new,", "  B.new,", ">>]"),
    `  ${ELEMENT},\n    `,
  ],
  "on one line": [handlers("[A.new, B.new>>]"), `, ${ELEMENT}`],
  "one alone": [handlers("[A.new>>]"), `, ${ELEMENT}`],
  "an empty list": [handlers("[>>] of HTTP::Handler"), ELEMENT],
  "with a type": [handlers("[A.new>>] of HTTP::Handler"), `, ${ELEMENT}`],
  "with a type, by lines": [
    handlers("[", "  A.new,", ">>] of ::HTTP::Handler"),
    `  ${ELEMENT},\n    `,
  ],
  "comments behind elements": [
    handlers("[             # first", "  A.new,      # a, b", '  B.new("]"), # ]', ">>]"),
    `  ${ELEMENT},\n    `,
  ],
  "comments on lines of their own": [
    handlers("[", "  # A first", "  A.new,", "  # B.new,", "  # ]", ">>]"),
    `  ${ELEMENT},\n    `,
  ],
  "blank lines": [
    handlers("[", "  A.new,", "", "  B.new,", ">>]").replace("    \n", "\n"),
    `  ${ELEMENT},\n    `,
  ],
  "aligned with the bracket": [
    handlers("[A.new,", " B.new,", ">>]"),
    ` ${ELEMENT},\n    `,
  ],
  "closed on the last element's line": [handlers("[A.new,", " B.new>>]"), `, ${ELEMENT}`],
  "nested brackets and calls": [
    handlers("[", '  A.new([1, 2], {"a" => [3]}, x: {4, 5}),', "  B.new(C.new, D[0]),", ">>]"),
    `  ${ELEMENT},\n    `,
  ],
  "blocks": [
    handlers(
      ...["[", "  A.new do |a, b|", "    puts a, b if a", "    [a, b]", "  end,"],
      ...["  B.new { |c| [c, c] },", "  ->(d : Int32) { d },", ">>]"],
    ),
    `  ${ELEMENT},\n    `,
  ],
  "chains": [
    handlers("[", "  A.new", "    .tap(&.go)", "    .itself,", "  *others,", ">>]"),
    `  ${ELEMENT},\n    `,
  ],
  "strings with brackets, code and commas": [
    handlers("[", '  A.new("]," + "#{[1, 2]}", %w(a ] b), \']\'),', ">>]"),
    `  ${ELEMENT},\n    `,
  ],
  "a string last": [handlers('[A.new, "#{x}, y">>]'), `, ${ELEMENT}`],
  "operators": [handlers("[A.new || B.new, (c - 1) & D>>]"), `, ${ELEMENT}`],
  "unicode": [handlers("[", '  Größe.new("日本 🍪"), # 🍪', ">>]"), `  ${ELEMENT},\n    `],
  "parentheses": [
    handlers("[A.new>>]").replace("self.handlers", "self.handlers : Array(HTTP::Handler)"),
    `, ${ELEMENT}`,
  ],
  "a module that extends itself": [
    handlers("[A.new>>]").replace("include Azu", "extend self").replace(
      "self.handlers",
      "handlers",
    ),
    `, ${ELEMENT}`,
  ],
  "lists in comments, strings and heredocs around": [
    app(
      "  # def self.handlers; [X.new]; end\n" +
        '  TEXT = "def self.handlers\n[X.new]\nend"\n' +
        "  MORE = <<-END\n    def self.handlers\n      [X.new]\n    end\n    END\n\n" +
        "  def self.handlers\n    [A.new>>]\n  end\n\n" +
        "  def handlers(x)\n    [X.new]\n  end\n\n  def self.other_handlers\n    [X.new]\n  end",
    ),
    `, ${ELEMENT}`,
  ],
  "other methods and blocks around": [
    app(
      "  getter size : Int32 = if 1 > 0\n    2\n  else\n    3\n  end\n\n" +
        '  def self.run\n    return if ENV["X"]?\n    x = case 1\n        when 1 then 2\n        end\n' +
        "    while x\n      break unless x\n    end\n    x.try do |y|\n      y.class\n    end\n  end\n\n" +
        "  def self.handlers\n    [A.new>>]\n  end\n\n  abstract class Base\n    abstract def go\n  end",
    ),
    `, ${ELEMENT}`,
  ],
};

for (const [name, [layout, added]] of Object.entries(formatted)) {
  Deno.test(`handlers: ${name}`, () => {
    const at = layout.indexOf(">>");
    const before = layout.replace(">>", "");
    const expected = before.slice(0, at) + added + before.slice(at);
    strictEqual(addHandler(before, ELEMENT), expected);
    const windows = (text: string) => text.replaceAll("\n", "\r\n");
    strictEqual(addHandler(windows(before), ELEMENT), windows(expected));
    strictEqual(addHandler(`\ufeff${before.trimEnd()}`, ELEMENT), `\ufeff${expected.trimEnd()}`);
  });
}

Deno.test("handlers: what is formatted stays formatted", needs("crystal"), async () => {
  const before = Object.entries(formatted).map(([name, [layout]]) =>
    [name, layout.replace(">>", "")] as const
  );
  await assertFormatted(Object.fromEntries(before));
  await assertFormatted(
    Object.fromEntries(before.map(([name, source]) => [name, addHandler(source, ELEMENT) ?? "?("])),
  );
});

Deno.test("handlers: layouts that the formatter would change stay as they are laid out", () => {
  const cases: [before: string, after: string][] = [
    [
      handlers("[", "  A.new,", "  B.new # b", "]"),
      handlers("[", "  A.new,", "  B.new, # b", `  ${ELEMENT}`, "]"),
    ],
    [handlers("[A.new, B.new,]"), handlers(`[A.new, B.new, ${ELEMENT},]`)],
    [handlers("[", "A.new,", "]"), handlers("[", "A.new,", `${ELEMENT},`, "]")],
    [
      "module A\n\tdef self.handlers()\n\t\t[\n\t\t\tB.new,\n\t\t]\n\tend\nend",
      `module A\n\tdef self.handlers()\n\t\t[\n\t\t\tB.new,\n\t\t\t${ELEMENT},\n\t\t]\n\tend\nend`,
    ],
    [
      "module A\n\tdef self.handlers\n\t\t[B.new,\n\t\t]\n\tend\nend",
      `module A\n\tdef self.handlers\n\t\t[B.new,\n\t\t\t${ELEMENT},\n\t\t]\n\tend\nend`,
    ],
    [
      "module A; def self.handlers; [] of X; end; end",
      `module A; def self.handlers; [${ELEMENT}] of X; end; end`,
    ],
    [
      handlers("[", "  A.new(<<-END),", "  ],", "  END", "]"),
      handlers("[", "  A.new(<<-END),", "  ],", "  END", `  ${ELEMENT},`, "]"),
    ],
  ];
  for (const [before, after] of cases) strictEqual(addHandler(before, ELEMENT), after);
});

const strange: Record<string, string> = {
  "none": app(""),
  "in a comment": app("  # def self.handlers\n  #   [A.new]\n  # end"),
  "in a heredoc": app("  X = <<-END\n  def self.handlers\n    [A.new]\n  end\n  END"),
  "two of them": app(
    "  def self.handlers\n    [A.new]\n  end\n\n  def self.handlers\n    [B.new]\n  end",
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
  "an empty one with a comment": handlers("[ # none", "] of HTTP::Handler"),
  "a comment behind the bracket": handlers("[", "  A.new, # a", "]        # last"),
  "a call without parentheses": handlers("[", "  A.new,", "  B.new STDOUT,", "]"),
  "a text as its argument": handlers('[B.new "x"]'),
  "a negative one": handlers("[B.new -1]"),
  "a list as its argument": handlers("[B.new [1]]"),
  "parentheses after a blank": handlers("[B.new (1)]"),
  "a splat": handlers("[B.new *x]"),
  "a named argument": handlers("[B.new x: 1]"),
  "a block by name": handlers("[B.new &block]"),
  "never closed": "module A\n  def self.handlers\n    [A.new]\n  end\n",
  "closed too often": `${handlers("[A.new]")}end\n`,
  "brackets that do not match": handlers("[A.new(]]"),
  "empty": "",
};

for (const [name, source] of Object.entries(strange)) {
  Deno.test(`handlers: not recognised: ${name}`, () => {
    strictEqual(addHandler(source, ELEMENT), undefined);
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
      const before = framed ? handlers(`[${text}]`) : text;
      const after = addHandler(before, ELEMENT);
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
