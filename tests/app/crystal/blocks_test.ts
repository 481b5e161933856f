import { deepStrictEqual, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import { tokenize } from "../../../src/app/crystal/lexer.ts";
import { blocksIn } from "../../../src/app/crystal/blocks.ts";

/** Each block as `keyword:first line-last line`, in the order in which they end. */
function blocks(source: string): string | undefined {
  const tokens = tokenize(source);
  return blocksIn(tokens)?.map(({ keyword, open, close }) =>
    `${keyword}:${tokens[open]?.line}-${tokens[close]?.line}`
  ).join(" ");
}

const cases: [source: string, found: string | undefined][] = [
  ["module A\n  def b\n  end\nend", "def:2-3 module:1-4"],
  ["class A; end; private struct B; end", "class:1-1 struct:1-1"],
  ["if a\n  b if c\nend", "if:1-3"],
  ["return if a\nx = if b\n 1\nend", "if:2-4"],
  ["foo(if a\n 1\nend) unless b", "if:1-3"],
  ["a && unless b\nend", "unless:1-2"],
  ["while a\nend while b", "while:1-2"],
  ["case a\nwhen 1 then if b\n 2\nend\nend", "if:2-4 case:1-5"],
  ["case\nin 1\nend\nselect\nwhen a\nend\nx.select { }", "case:1-3 select:4-6"],
  ["begin\nrescue\nensure\nend", "begin:1-4"],
  ["a do |b|\n  c.each do\n  end\nend", "do:2-3 do:1-4"],
  ["abstract def a\nabstract class B\nend", "class:2-3"],
  [
    "lib C\n  fun a : Int\n  struct B\n    x : Int\n  end\nend\nfun b\nend",
    "struct:3-5 lib:1-6 fun:7-8",
  ],
  ["a.class; b.end; def self.end; end; def begin; end", "def:1-1 def:1-1"],
  ["a(if: 1, end: 2, do: 3)\n:end; :if\n@end", ""],
  ["# end\n'e'; \"end\"; %w(end if)\n<<-X\nend\nX", ""],
  ['"#{if a\n1\nend}"', "if:1-3"],
  ["{% if a %}\nmodule B\n{% end %}\n{% x = 1 %}\nend", "{%:1-3 module:2-5"],
  ["{% for a in b %}{% begin %}{% else %}{% end %}{% end %}", "{%:1-1 {%:1-1"],
  ["macro a\n  {{ b }}\nend", "macro:1-3"],
  ["class = 1; x = struct", ""],
  ["module A", undefined],
  ["end", undefined],
  ["{% if a %}", undefined],
  ["{% end %}", undefined],
];

for (const [source, found] of cases) {
  Deno.test(`blocks: ${JSON.stringify(source)}`, () => strictEqual(blocks(source), found));
}

Deno.test("blocks are nested, whatever the source", () => {
  const words = "module def end if do { } [ ] ; \n {% %} A b . = , class lib fun case".split(" ");
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...words)), (parts) => {
      const found = blocksIn(tokenize(parts.join(" "))) ?? [];
      const code = found.filter(({ keyword }) => keyword !== "{%");
      const crossing = code.filter((a) =>
        code.some((b) => a.open < b.open && b.open < a.close && a.close < b.close)
      );
      deepStrictEqual(crossing, []);
    }),
    { numRuns: 2000 },
  );
});
