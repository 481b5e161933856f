/** The short way and the long way must mean the same; what is doubtful takes the long one. */
import { deepStrictEqual, strictEqual } from "node:assert/strict";
import process from "node:process";
import { compile, compilePlain, PLAIN_EXPORT, plainBody } from "../../src/config/compile.ts";
import { stripTypes } from "../../src/config/transform.ts";

const plain: [name: string, source: string][] = [
  ["an object", "export default { a: 1 };"],
  [
    "the usual config",
    'import { defineConfig } from "azu";\n\nexport default defineConfig({\n  // `comment` <with> /* all\n  a: "b", // c\n});\n',
  ],
  [
    "a renamed import",
    "import { defineConfig as define, redis } from 'azu'\nexport default define({ r: redis })",
  ],
  ["a node: module", 'import { join } from "node:path";\nexport default { p: join("a", "b") };'],
  [
    "variables and a function",
    "const a = 1;\nfunction f() { return a + 1; }\nexport default { b: f() };",
  ],
  ["a config that is a function", "export default ({ env }) => ({ a: env });"],
  ["top-level await", "const a = await Promise.resolve(2);\nexport default { a };"],
  ["strict mode", "export default { self: (function () { return this; })() === undefined };"],
  ["export in a string", 'export default { a: "import { x } from y", b: "export default" };'],
  [
    "Windows line ends",
    'import { defineConfig } from "azu";\r\nexport default defineConfig({ a: 1 });\r\n',
  ],
];

const doubtful: [name: string, source: string][] = [
  ["a type annotation", "const a: number = 1;\nexport default { a };"],
  ["a generic call", "export default defineConfig<Config>({ a: 1 });"],
  ["a comparison, which could be one", "export default { a: 1 < 2 };"],
  ["satisfies", "export default { a: 1 } satisfies Config;"],
  ["an import of types", 'import { type Config } from "azu";\nexport default { a: 1 };'],
  ["an import of a file", 'import { a } from "./a.ts";\nexport default { a };'],
  ["a default import", 'import azu from "azu";\nexport default { azu };'],
  ["an import of several lines", 'import {\n  redis,\n} from "azu";\nexport default { redis };'],
  ["an import behind code", 'const a = 1;\nimport { redis } from "azu";\nexport default { a };'],
  ["a template of several lines", "const t = `\nexport default 5\n`;\nexport default { t };"],
  ["a block comment", "/*\nexport default 5\n*/\nexport default { a: 1 };"],
  ["a string of two lines", 'const a = "\\\nexport default 5";\nexport default { a };'],
  ["two exports", "export const a = 1;\nexport default { a };"],
  ["a dynamic import", 'export default await import("./a.ts");'],
  ["import.meta", "export default { a: import.meta.url };"],
  ["an enum", "enum A { B }\nexport default { a: A.B };"],
  ["no export", "const a = 1;"],
];

const azu = { defineConfig: (config: unknown) => config, redis: "the factory" };

async function evaluated(source: string, isPlain: boolean): Promise<unknown> {
  const path = "/config.ts";
  const body = isPlain
    ? compilePlain(source, path)
    : compile(stripTypes(source, path, "function"), path, true);
  const exports: Record<string, unknown> = {};
  const require = (name: string) => name === "azu" ? azu : process.getBuiltinModule(name);
  await body?.(exports, require, console, undefined, "/", path);
  const value = exports[isPlain ? PLAIN_EXPORT : "default"];
  return typeof value === "function" ? value({ env: "live" }) : value;
}

for (const [name, source] of plain) {
  Deno.test(`plain: ${name} means the same both ways, every character in its place`, async () => {
    deepStrictEqual(await evaluated(source, true), await evaluated(source, false));
    const lines = (text: string) => text.split("\n").filter((line) => !line.startsWith("const {"));
    const body = (plainBody(source) ?? "").replace("exports.dflt =", "export default");
    deepStrictEqual(lines(body), lines(source).filter((line) => !line.startsWith("import ")));
  });
}

for (const [name, source] of doubtful) {
  Deno.test(`plain: ${name} takes the long way`, () => {
    strictEqual(compilePlain(source, "/config.ts"), undefined);
  });
}
