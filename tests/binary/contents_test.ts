/** The executable holds what azu needs, and nothing of the machine that it was built on. */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { Buffer } from "node:buffer";
import { join } from "node:path";
import { executable } from "./subject.ts";

const REPOSITORY = join(import.meta.dirname ?? "", "../..");
/** The bytes of Deno 2.5.7's runtime base: see scripts/compile/runtime_base.ts. */
const BASE = 86_434_392;
const MOST = BASE + 1.5 * 1024 * 1024;
// That of another version or platform cannot be told apart from what azu adds to it.
const isKnown = Deno.version.deno === "2.5.7" && Deno.build.target === "x86_64-unknown-linux-gnu";
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

/** What azu adds to the runtime. */
async function payload(): Promise<Buffer> {
  const bytes = Buffer.from(await Deno.readFile(executable())).subarray(BASE);
  // It is all there, and can be read: nothing is compressed.
  strictEqual(bytes.indexOf("d3n0l4nd"), 0);
  for (const text of ["session:clear", "redis", "postgres"]) ok(bytes.includes(text), text);
  return bytes;
}

/** The places where a text is, each with what is around it. */
function places(bytes: Buffer, text: string): string[] {
  const found: string[] = [];
  for (let at = bytes.indexOf(text); at >= 0; at = bytes.indexOf(text, at + 1)) {
    found.push(bytes.toString("latin1", Math.max(0, at - 40), at + text.length + 40));
  }
  return found;
}

for (const stranger of STRANGERS) {
  Deno.test(`the executable holds no ${stranger}`, known, async () => {
    deepStrictEqual(places(await payload(), stranger), []);
  });
}

Deno.test("the executable holds no types but its own", known, async () => {
  const found = (await payload()).toString("latin1").matchAll(/[\w./@-]+\.d\.[cm]?ts"/g);
  const names = new Set(Array.from(found, ([name]) => name));
  deepStrictEqual([...names], ['azu.d.ts"']);
});

Deno.test("the executable does not tell where it was built, nor by whom", known, async () => {
  const bytes = await payload();
  deepStrictEqual(places(bytes, REPOSITORY), []);
  // Also as the end of a relative path.
  const home = `${Deno.env.get("HOME") ?? "/root"}/`;
  const found = places(bytes, home);
  deepStrictEqual(found.slice(0, 2), [], `${found.length} places with ${home}`);
});

Deno.test("the executable is 1.5 MiB larger than the runtime, at most", known, async () => {
  const { size } = await Deno.stat(executable());
  ok(size <= MOST, `${size} bytes, of at most ${MOST}`);
});
