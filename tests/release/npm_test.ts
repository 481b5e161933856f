/** What npm's azu does, with a stand-in for the executable. */
import { deepStrictEqual, match } from "node:assert/strict";
import { join } from "node:path";
import { needs } from "../support/env.ts";
import { RunningProcess } from "../support/process.ts";
import { which } from "../support/servers/programs.ts";
import { tempDir, writeTree } from "../support/temp.ts";

const LAUNCHER = join(import.meta.dirname ?? "", "../../scripts/package/npm/azu.js");
const FOLDER = `node_modules/@azu-sessions/${Deno.build.os}-x64`;
const isKnown = Deno.build.target === "x86_64-unknown-linux-gnu";
const withNode = { ignore: needs("npm").ignore || !isKnown };

/** Starts the launcher with a shell script as the executable; without one if it is undefined. */
async function launch(script: string | undefined, ...args: string[]): Promise<RunningProcess> {
  const home = await tempDir("azu-launcher-");
  await writeTree(home.path, { "bin/azu.js": await Deno.readTextFile(LAUNCHER) });
  if (script !== undefined) {
    await writeTree(home.path, { [`${FOLDER}/azu`]: `#!/bin/sh\n${script}\n` });
    await Deno.chmod(join(home.path, FOLDER, "azu"), 0o755);
  }
  return new RunningProcess({
    command: which("node") ?? "node",
    args: [join(home.path, "bin/azu.js"), ...args],
    env: { PATH: Deno.env.get("PATH") ?? "" },
    stdin: "null",
    timeoutMs: 20_000,
    home,
  });
}

Deno.test("npm's azu passes arguments on, and ends with azu's exit code", withNode, async () => {
  await using azu = await launch('printf "<%s>" "$@"; exit 3', "session:clear", "a b", "");
  deepStrictEqual(await azu.finished(), {
    code: 3,
    stdout: "<session:clear><a b><>",
    stderr: "",
  });
});

for (const [signal, code] of [["SIGTERM", 143], ["SIGHUP", 129]] as const) {
  Deno.test(`npm's azu passes ${signal} on, and waits`, withNode, async () => {
    const name = signal.slice(3);
    const script =
      `trap 'echo told; exit ${code}' ${name}; echo ready; while :; do sleep 0.1; done`;
    await using azu = await launch(script);
    await azu.waitFor("ready");
    azu.signal(signal);
    deepStrictEqual(await azu.finished(), { code, stdout: "ready\ntold\n", stderr: "" });
  });
}

Deno.test("npm's azu lets azu decide what Ctrl-C does", withNode, async () => {
  await using azu = await launch("echo ready; sleep 1; echo done");
  await azu.waitFor("ready");
  azu.signal("SIGINT");
  deepStrictEqual(await azu.finished(), { code: 0, stdout: "ready\ndone\n", stderr: "" });
});

Deno.test("npm's azu says that the package for this system is missing", withNode, async () => {
  await using azu = await launch(undefined, "--version");
  const { code, stdout, stderr } = await azu.finished();
  deepStrictEqual([code, stdout], [1, ""]);
  match(stderr, /^azu-sessions: the package @azu-sessions\/linux-x64 is not installed\./);
});
