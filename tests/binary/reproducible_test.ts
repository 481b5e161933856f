/** A commit gives the same executable wherever it is built. */
import { strictEqual } from "node:assert/strict";
import { Buffer } from "node:buffer";
import { join } from "node:path";
import { tempDir } from "../support/temp.ts";

const REPOSITORY = join(import.meta.dirname ?? "", "../..");

/** The files of a build in dist/. */
interface Build {
  readonly sums: string;
  readonly bytes: Buffer;
}

Deno.test("two builds of one commit are equal byte for byte", async () => {
  await using scratch = await tempDir("azu-build-");
  const short = join(scratch.path, "a");
  const long = join(scratch.path, "another one/much/deeper/azu");
  const first = await build(short);
  const second = await build(long);
  strictEqual(firstDifference(first.bytes, second.bytes), undefined);
  strictEqual(first.sums, second.sums);
  for (const folder of [short, long]) strictEqual(first.bytes.includes(folder), false, folder);
});

/** Compiles the checked-out commit in a new clone. */
async function build(folder: string): Promise<Build> {
  await run("git", ["clone", "--quiet", REPOSITORY, folder], REPOSITORY);
  const temporary = `${folder} temporary`;
  await Deno.mkdir(temporary);
  await run(Deno.execPath(), ["run", "--allow-all", "scripts/compile.ts"], folder, {
    TMPDIR: temporary,
  });
  const ending = Deno.build.os === "windows" ? ".exe" : "";
  const path = join(folder, `dist/azu-${Deno.build.target}${ending}`);
  return {
    sums: await Deno.readTextFile(join(folder, "dist/SHA256SUMS")),
    bytes: Buffer.from(await Deno.readFile(path)),
  };
}

async function run(
  command: string,
  args: string[],
  cwd: string,
  env: Record<string, string> = {},
): Promise<void> {
  const plan = { args, cwd, env, stdin: "null" } as const;
  const { success, stderr } = await new Deno.Command(command, plan).output();
  if (!success) {
    throw new Error(`${command} ${args.join(" ")}: ${new TextDecoder().decode(stderr)}`);
  }
}

/** Where two files begin to differ, with the text around it. Undefined if they are equal. */
function firstDifference(a: Buffer, b: Buffer): string | undefined {
  if (a.equals(b)) return undefined;
  let at = 0;
  while (at < a.length && a[at] === b[at]) at++;
  const around = (bytes: Buffer) => {
    const text = bytes.toString("latin1", Math.max(0, at - 60), at + 100);
    return `of ${bytes.length} bytes: ${JSON.stringify(text)}`;
  };
  return `They differ at byte ${at}\n${around(a)}\n${around(b)}`;
}
