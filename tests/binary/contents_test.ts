/** The executable contains what azu needs, and nothing from the machine that built it. */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { Buffer } from "node:buffer";
import { join } from "node:path";
import { runAzu } from "../support/cli.ts";
import { executable } from "./subject.ts";

const REPOSITORY = join(import.meta.dirname ?? "", "../..");
/** Bytes of Deno 2.5.7's runtime base for x86-64 Linux: see scripts/compile/toolchain.ts. */
const BASE = 86_434_392;
const MOST = BASE + 2 * 1024 * 1024;
// In an executable on another base, azu's part cannot be told from the runtime's.
const isKnown = (await runAzu(["--version"])).stdout.includes("deno 2.5.7") &&
  Deno.build.target === "x86_64-unknown-linux-gnu";
const known = { ignore: !isKnown };

const STRANGERS = [
  "node_modules/@types",
  "@types/",
  "fast-check",
  "typescript/lib",
  "/test/",
  "/tests/",
  "azu-bundle-",
];

/** The part that azu adds to the runtime. */
async function payload(): Promise<Buffer> {
  const bytes = Buffer.from(await Deno.readFile(executable())).subarray(BASE);
  // Nothing is compressed, so that texts can be found.
  strictEqual(bytes.indexOf("d3n0l4nd"), 0);
  for (const text of ["session:clear", "redis", "postgres"]) ok(bytes.includes(text), text);
  return bytes;
}

/** All occurrences of a text, with some context. */
function places(bytes: Buffer, text: string): string[] {
  const found: string[] = [];
  for (let at = bytes.indexOf(text); at >= 0; at = bytes.indexOf(text, at + 1)) {
    found.push(bytes.toString("latin1", Math.max(0, at - 40), at + text.length + 40));
  }
  return found;
}

for (const stranger of STRANGERS) {
  Deno.test(`the executable does not contain ${stranger}`, known, async () => {
    deepStrictEqual(places(await payload(), stranger), []);
  });
}

Deno.test("the executable contains no type declarations but its own", known, async () => {
  const found = (await payload()).toString("latin1").matchAll(/[\w./@-]+\.d\.[cm]?ts"/g);
  const names = new Set(Array.from(found, ([name]) => name));
  deepStrictEqual([...names], ['azu.d.ts"']);
});

Deno.test("the executable does not reveal where it was built, nor by whom", known, async () => {
  const bytes = await payload();
  deepStrictEqual(places(bytes, REPOSITORY), []);
  // Also as the end of a relative path.
  const home = `${Deno.env.get("HOME") ?? "/root"}/`;
  const found = places(bytes, home);
  deepStrictEqual(found.slice(0, 2), [], `${found.length} places with ${home}`);
});

Deno.test("the executable is at most 2 MiB larger than the runtime", known, async () => {
  const { size } = await Deno.stat(executable());
  ok(size <= MOST, `${size} bytes, of at most ${MOST}`);
});
