import { strictEqual } from "node:assert/strict";
import fc from "fast-check";
import { addRequire } from "../../../src/app/source/require.ts";
import { assertFormatted } from "../../support/crystal.ts";
import { needs } from "../../support/env.ts";

const PATH = "./initializers/session";
const LINE = `require "${PATH}"`;

/** `>>` is where the line should be put in; without it, none should. All are formatted. */
const layouts: Record<string, string> = {
  "one require": 'require "azu"\n>>\nmodule A\nend\n',
  "several": 'require "azu"\nrequire "./db/**"\n>>\nmodule A\nend\n',
  "comments and blank lines between": '# The app.\nrequire "azu"\n\n# Ours:\nrequire "./a" # a\n>>',
  "a comment that looks like one": 'require "azu"\n>>\n# require "b"\n\nmodule A\nend\n',
  "a heredoc that looks like one": 'require "azu"\n>>\nTEXT = <<-END\n  require "b"\n  END\n',
  "a string that looks like one": 'require "azu"\n>>\nTEXT = "\nrequire \\"b\\"\n"\n',
  "requires behind code": 'require "azu"\n>>\nmodule A\nend\n\nrequire "./b"\n',
  "requires in a macro's condition":
    'require "azu"\n>>{% if flag?(:x) %}\n  require "./x"\n{% end %}\n\nmodule A\nend\n',
  "requires behind a macro's condition":
    '{% if flag?(:x) %}\n  require "./x"\n{% end %}\nrequire "azu"\n\nmodule A\nend\n',
  "code on the same line as the last": 'require "azu"\n>>\nputs require_me\n',
  "a method of that name": 'require "azu"\n>>\nself.require "b"\n',
  "unicode": '# 日本語 🍪\nrequire "größe/ünï" # 🍪\n>>\nputs "🍪"\n',
  "no requires": "module A\nend\n",
  "requires in a macro's condition alone": '{% if flag?(:x) %}\n  require "./x"\n{% end %}\n',
  "requires in a comment alone": '# require "azu"\n',
  "nothing": "",
};

for (const [name, layout] of Object.entries(layouts)) {
  Deno.test(`require: ${name}`, () => {
    const before = layout.replace(">>", "");
    const expected = layout.includes(">>") ? layout.replace(">>", `${LINE}\n`) : undefined;
    strictEqual(addRequire(before, PATH), expected);
    const windows = (text: string | undefined) => text?.replaceAll("\n", "\r\n");
    strictEqual(addRequire(windows(before) ?? "", PATH), windows(expected));
    strictEqual(
      addRequire(`\ufeff${before}`, PATH),
      expected === undefined ? undefined : `\ufeff${expected}`,
    );
  });
}

Deno.test("require: without an end of line, there is none afterwards", () => {
  strictEqual(addRequire('require "azu"', PATH), `require "azu"\n${LINE}`);
  strictEqual(addRequire('require "azu" # c', PATH), `require "azu" # c\n${LINE}`);
  strictEqual(
    addRequire('require "b"\r\nrequire "azu"', PATH),
    `require "b"\r\nrequire "azu"\r\n${LINE}`,
  );
});

Deno.test("require: only where a line ends with one", () => {
  strictEqual(addRequire('require "a"; require "b"\nfoo\n', PATH), undefined);
  strictEqual(addRequire('require "a"; foo do\nend\n', PATH), undefined);
  strictEqual(
    addRequire('require "a"\nrequire "b"; foo\n', PATH),
    `require "a"\n${LINE}\nrequire "b"; foo\n`,
  );
});

Deno.test("require: what is formatted stays formatted", needs("crystal"), async () => {
  const entries = Object.entries(layouts).filter(([, layout]) => layout.includes(">>"));
  await assertFormatted(
    Object.fromEntries(
      entries.map(([name, layout]) => [name, addRequire(layout.replace(">>", ""), PATH) ?? "?("]),
    ),
  );
});

Deno.test("require: whatever the source is, a line is added or nothing", () => {
  const pieces = ['require "a"', "require", '"a"', "\n", "\r\n", ";", "{% if x %}", "{% end %}"];
  pieces.push("# c", "<<-X", "X", '"', "#{", "}", "module A", "end", " ", "\ufeff");
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...pieces), { maxLength: 20 }), (parts) => {
      const before = parts.join("");
      const after = addRequire(before, PATH);
      if (after === undefined) return true;
      const at = after.indexOf(LINE);
      const rest = [...[`${LINE}\n`, `${LINE}\r\n`, `\n${LINE}`, `\r\n${LINE}`]].map((text) =>
        after.replace(text, "")
      );
      return at > 0 && rest.includes(before);
    }),
    { numRuns: 5000 },
  );
});
