/** Which Deno `denow` runs: the one on PATH, or the pinned one through npx. */
import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { join } from "node:path";
import { tempDir } from "./support/temp.ts";

const DENOW = join(import.meta.dirname ?? "", "../denow");
const PINNED = /pinned=(\S+)/.exec(await Deno.readTextFile(DENOW))?.[1] ?? "";

interface Machine {
  /** The version of the `deno` on PATH. */
  readonly deno?: string;
  readonly npx?: boolean;
  readonly env?: Record<string, string>;
}

/** Runs `denow task x` on a machine with stand-ins for deno and npx that print their arguments. */
async function denow({ deno, npx = false, env = {} }: Machine) {
  await using folder = await tempDir();
  const install = async (name: string, script: string) => {
    await Deno.writeTextFile(join(folder.path, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  };
  if (deno !== undefined) {
    const version = `if [ "$1" = --version ]; then echo "deno ${deno} (stable)"; exit; fi`;
    await install("deno", `${version}\necho "deno $*"`);
  }
  if (npx) await install("npx", 'echo "npx $*"');
  const { code, stdout, stderr } = await new Deno.Command("/bin/sh", {
    args: [DENOW, "task", "x"],
    clearEnv: true,
    env: { PATH: folder.path, ...env },
  }).output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout).trim(), stderr: decoder.decode(stderr) };
}

const THROUGH_NPX = `npx --yes --loglevel=error -- deno@${PINNED} task --quiet x`;

Deno.test("denow runs the pinned Deno on PATH silently", async () => {
  deepStrictEqual(await denow({ deno: PINNED, npx: true }), {
    code: 0,
    stdout: "deno task --quiet x",
    stderr: "",
  });
});

for (const version of ["2.8.0", "2.10.3", "3.0.0"]) {
  Deno.test(`denow runs Deno ${version} on PATH, and says so once`, async () => {
    const { code, stdout, stderr } = await denow({ deno: version });
    deepStrictEqual([code, stdout], [0, "deno task --quiet x"]);
    match(stderr, new RegExp(`^denow: using Deno ${version} from PATH \\(.*${PINNED}\\)\n$`));
    const nested = await denow({ deno: version, env: { DENOW_NOTED: "1" } });
    deepStrictEqual(nested, { code: 0, stdout: "deno task --quiet x", stderr: "" });
  });
}

for (const machine of [{ deno: "2.7.9" }, { deno: "1.46.3" }, {}]) {
  const what = machine.deno === undefined ? "without Deno" : `with Deno ${machine.deno}`;
  Deno.test(`denow runs the pinned Deno through npx ${what}`, async () => {
    strictEqual((await denow({ ...machine, npx: true })).stdout, THROUGH_NPX);
  });
  Deno.test(`denow says what it needs ${what} and without npx`, async () => {
    const { code, stdout, stderr } = await denow(machine);
    deepStrictEqual([code, stdout], [127, ""]);
    match(stderr, /^denow: needs Deno 2\.8 or newer on PATH, or Node\.js 18 or newer/);
    strictEqual(/the deno on PATH is (.*)/.exec(stderr)?.[1], machine.deno);
  });
}

Deno.test("DENOW_VERSION names the version, whatever is on PATH", async () => {
  const env = { DENOW_VERSION: "2.5.7" };
  strictEqual(
    (await denow({ deno: "2.9.0", npx: true, env })).stdout,
    THROUGH_NPX.replace(PINNED, "2.5.7"),
  );
  strictEqual((await denow({ deno: "2.5.7", env })).stdout, "deno task --quiet x");
  const { code, stderr } = await denow({ deno: PINNED, env });
  strictEqual(code, 127);
  match(stderr, /^denow: needs Deno 2\.5\.7 on PATH, as DENOW_VERSION says, or Node\.js/);
});

Deno.test("denow runs a real Deno where there is nothing else", async () => {
  await using folder = await tempDir();
  await Deno.symlink(Deno.execPath(), join(folder.path, "deno"));
  const { code, stdout } = await new Deno.Command("/bin/sh", {
    args: [DENOW, "eval", "console.log(Deno.version.deno)"],
    clearEnv: true,
    env: { PATH: folder.path, HOME: folder.path, DENOW_VERSION: Deno.version.deno },
  }).output();
  deepStrictEqual([code, new TextDecoder().decode(stdout)], [0, `${Deno.version.deno}\n`]);
});

Deno.test("denow runs a task in the project's folder, and azu for the caller's", async () => {
  await using folder = await tempDir();
  await Deno.writeTextFile(
    join(folder.path, "deno"),
    '#!/bin/sh\nif [ "$1" = --version ]; then echo "deno 2.9.6 (stable)"; exit; fi\necho "$PWD: $*"\n',
    { mode: 0o755 },
  );
  const run = async (...args: string[]) => {
    const { stdout } = await new Deno.Command("/bin/sh", {
      args: [DENOW, "task", ...args],
      ...{ cwd: folder.path, clearEnv: true, env: { PATH: folder.path } },
    }).output();
    return new TextDecoder().decode(stdout).trim();
  };
  const root = DENOW.replace(/\/tests\/\.\.\/denow$|\/denow$/, "");
  strictEqual(await run("demo"), `${root}: task --quiet demo`);
  strictEqual(await run("azu", "init"), `${root}: task --quiet azu -C ${folder.path} init`);
});
