import { equal } from "node:assert/strict";
import fc from "fast-check";
import { codeOf } from "../../../src/app/crystal/code.ts";

/** Each source, with what is left of it: `·` stands for a character that is replaced by a blank. */
const cases: [source: string, code: string | undefined][] = [
  ['a = "b" # c', 'a = "·" ···'],
  ['a = "#{b("c")}d" + e', 'a = "··········" + e'],
  ['"a\\"b"', '"····"'],
  ["x = '\"'; y = '\\''; z", "x = ···; y = ····; z"],
  ["p %(a(b)c) + %w[d e] + %q(#{)", 'p "······" + "·····" + "····"'],
  ["a % (b)", "a % (b)"],
  ["a %(b)", 'a "··"'],
  ["a / b / c", "a / b / c"],
  ["a // b", "a // b"],
  ["x =~ /a\\/b#/ && c", 'x =~ "·····" && c'],
  ["if /a/.match(b)", 'if "·".match(b)'],
  ["[/a/, b / c]", '["·", b / c]'],
  ["`ls #{a}` b", '"·······" b'],
  ['a ? "b" : "c"', 'a ? "·" : "·"'],
  [':"a b" c', ':"···" c'],
  ["def `(command)\nend", "def `(command)\nend"],
  ["x = <<-A.b(<<-'C')\n a\n A\n #{c}\n C\nd", "x = ····.b(······)\n··\n··\n·····\n··\nd"],
  ["{% if a %}\n{{b}}\n{% end %}", "{% if a %}\n{{b}}\n{% end %}"],
  ['"', undefined],
  ["'", undefined],
  ["%(a", undefined],
  ["<<-A\na", undefined],
  ['"#{a"', undefined],
  ["x = /a", undefined],
];

for (const [source, code] of cases) {
  Deno.test(`the code of ${JSON.stringify(source)}`, () => {
    equal(codeOf(source), code?.replaceAll("·", " "));
  });
}

Deno.test("offsets and lines stay the same, whatever the text", () => {
  const piece = fc.constantFrom(
    ...`" ' # { } #{ % ( ) / \` \\ <<-A A a 1 . : ? =`.split(" "),
    " ",
    "\n",
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
      const source = pieces.join("");
      const code = codeOf(source);
      if (code === undefined) return;
      equal(code.length, source.length);
      equal(code.replace(/[^\n]/g, ""), source.replace(/[^\n]/g, ""));
    }),
    { numRuns: 2000 },
  );
});
