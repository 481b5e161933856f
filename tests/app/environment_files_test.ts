import { doesNotMatch, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import {
  addIgnored,
  addVariables,
  type Ignored,
  ignores,
} from "../../src/app/environment_files.ts";

const VARIABLES = [
  { name: "SESSION_SECRET", shape: "32 bytes" },
  { name: "REDIS_URL", shape: "redis://<host>" },
];
const SECRET = "# SESSION_SECRET: 32 bytes\nSESSION_SECRET=\n";
const REDIS = "# REDIS_URL: redis://<host>\nREDIS_URL=\n";

Deno.test(".env.example: what is missing is added behind what is there", () => {
  const cases: [before: string, after: string][] = [
    ["", SECRET + REDIS],
    ["A=1\n", `A=1\n\n${SECRET}${REDIS}`],
    ["A=1", `A=1\n\n${SECRET}${REDIS}`],
    ["A=1\n\n", `A=1\n\n${SECRET}${REDIS}`],
    ["\n", `\n${SECRET}${REDIS}`],
    ["REDIS_URL=\n", `REDIS_URL=\n\n${SECRET}`],
    ["export REDIS_URL = x\n", `export REDIS_URL = x\n\n${SECRET}`],
    ["\ufeffREDIS_URL=x\n", `\ufeffREDIS_URL=x\n\n${SECRET}`],
    ["  SESSION_SECRET=x # y\n", `  SESSION_SECRET=x # y\n\n${REDIS}`],
    ["# REDIS_URL=\n", `# REDIS_URL=\n\n${SECRET}${REDIS}`],
    ["MY_REDIS_URL=1\nREDIS_URLS=2\n", `MY_REDIS_URL=1\nREDIS_URLS=2\n\n${SECRET}${REDIS}`],
    ["A=1\r\n", `A=1\r\n\r\n${SECRET}${REDIS}`.replace(/\r?\n/g, "\r\n")],
    ["SESSION_SECRET=\r\nREDIS_URL=", "SESSION_SECRET=\r\nREDIS_URL="],
  ];
  for (const [before, after] of cases) {
    strictEqual(addVariables(before, VARIABLES), after);
    strictEqual(addVariables(after, VARIABLES), after);
  }
});

Deno.test(".env.example: no shape leaves its comment, and no name that is none is written", () => {
  const odd = [{ name: "A", shape: "x\nEVIL=1\r\n\u2028B=2" }, { name: "B C\nD", shape: "" }];
  strictEqual(addVariables("", odd), "# A: x EVIL=1 B=2\nA=\n");
});

/** What git itself says was asked of `git check-ignore` (2.39). */
const patterns: Record<Ignored, string[]> = {
  "ignored": [
    ...[".env", "/.env", ".env*", "*.env", "**/.env", "/**/.env", "\\.env", ".e[nm]v", ".e[!x]v"],
    ...[".e[a-z]v", "*", "**", ".??v", ".env  ", ".env\r", "a\r\n.env\r\n", ".*", "/*", "**env"],
    ...["[.]env", "!.env\n.env", "\ufeff.env"],
  ],
  "included": ["!.env", ".env\n!.env", "*\n!.env*"],
  "not mentioned": [
    ...[
      "",
      "# .env",
      ".env.*",
      ".env/",
      "a/.env",
      ".env\\ ",
      "\\#x",
      ".env # x",
      "env",
      "[z-a]env",
    ],
    ...[
      "\\!.env",
      ".en",
      ".envs",
      "x".repeat(5000),
      "*a".repeat(49),
      "[",
      "[]",
      "[!]",
      "a\\",
      "(.env",
    ],
  ],
};

Deno.test(".gitignore: lines have the same meaning as in git", () => {
  for (const said of ["ignored", "included", "not mentioned"] as const) {
    for (const source of patterns[said]) strictEqual(ignores(source, ".env"), said, source);
  }
});

Deno.test(".gitignore: a line is added behind what is there", () => {
  strictEqual(addIgnored("", ".env"), ".env\n");
  strictEqual(addIgnored("/lib/\n", ".env"), "/lib/\n.env\n");
  strictEqual(addIgnored("/lib/", ".env"), "/lib/\n.env\n");
  strictEqual(addIgnored("/lib/\r\n/bin/\r\n", ".env"), "/lib/\r\n/bin/\r\n.env\r\n");
});

Deno.test(".gitignore: no line makes the reader throw or stall", () => {
  const line = fc.array(fc.constantFrom(..."\\[]!^-*?./env#{}()+|$ \t\r\n🍪".split("")));
  fc.assert(
    fc.property(line, (characters) => {
      const source = characters.join("");
      if (ignores(source, ".env") !== "not mentioned") return true;
      return ignores(addIgnored(source, ".env"), ".env") === "ignored";
    }),
    { numRuns: 20_000 },
  );
  const start = performance.now();
  ignores(`${"*a?".repeat(33)}\n`.repeat(2000), ".env");
  strictEqual(performance.now() - start < 5000, true);
});

Deno.test(".env.example: no secret is made up", () => {
  doesNotMatch(addVariables("", VARIABLES), /=./);
});
