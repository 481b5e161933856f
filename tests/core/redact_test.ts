import { strictEqual } from "node:assert/strict";
import fc from "fast-check";
import { isWithheld, redact, redactUrl } from "../../src/core/redact.ts";

const cases: [raw: string, safe: string][] = [
  ["redis://localhost:6379", "redis://localhost:6379"],
  ["redis://:pw@h:1/0", "redis://:***@h:1/0"],
  ["redis://maybe-a-password@h", "redis://***@h"],
  ["postgres://u@h/d", "postgres://u@h/d"],
  ["postgres://u@h:1/d?password=p@x&port=1", "postgres://u@h:1/d?password=***&port=1"],
  ["redis://u:p/w@h/2", "redis://u:***@h/2"],
  ["redis://u:p@w@h", "redis://u:***@h"],
  ["redis://u:12?x=y@h", "redis://u:***@h"],
  ["postgres://u:p@h/db?sslmode=require", "postgres://u:***@h/db?sslmode=require"],
  ["postgres://h/db?user=u&password=p&x=1", "postgres://h/db?user=u&password=***&x=1"],
  ["postgres://app:S3cretPart", "postgres://***"],
  ["redis://h:1,[::1]:2", "redis://h:1,[::1]:2"],
  ["https://docs.example/a:b", "https://docs.example/a:b"],
  ["redis://[::1]:7000/2", "redis://[::1]:7000/2"],
  ["not a URL, maybe a password", "***"],
];

for (const [raw, safe] of cases) {
  Deno.test(`redactUrl: ${raw}`, () => strictEqual(redactUrl(raw), safe));
}

Deno.test("redact: URLs and named secrets in a text", () => {
  strictEqual(
    redact('cannot reach "redis://u:p@h:1" (password=hunter2) nor postgres://a:b@c/d.'),
    'cannot reach "redis://u:***@h:1" (password=hunter2) nor postgres://a:***@c/d.'
      .replace("(password=hunter2)", "(password=***"),
  );
});

Deno.test("a text that contains a credential is left out as a whole", () => {
  strictEqual(isWithheld("permission denied for table sessions", ["sessions"]), true);
  strictEqual(isWithheld("no such user: ab%2Fc", ["ab/c"]), true);
  strictEqual(isWithheld("permission denied", ["hunter2", ""]), false);
  // A short one occurs by chance, unless it is a word of its own.
  strictEqual(isWithheld("permission denied", ["i"]), false);
  strictEqual(isWithheld("no user named i", ["i"]), true);
});

Deno.test("property: no password comes through, escaped or not", () => {
  const passwords = fc.string({ minLength: 4, maxLength: 30 })
    .filter((text) =>
      !/^\*+$/.test(text) && !/\s/.test(text) && !"redis://user@host.example:6379/0".includes(text)
    );
  fc.assert(
    fc.property(passwords, fc.boolean(), (password, escaped) => {
      const written = escaped ? encodeURIComponent(password) : password;
      const url = `redis://user:${written}@host.example:6379/0`;
      strictEqual(redactUrl(url).includes(written), false);
      if (!/['"`<>]/.test(written)) strictEqual(redact(`at ${url}`).includes(written), false);
    }),
    { numRuns: 2000 },
  );
});
