/** The last stage of the Dockerfile, as far as it can be tested without a container engine. */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { join } from "node:path";
import * as v from "valibot";
import { chroot, needsChroot, NOBODY } from "./chroot.ts";

const TEXT = await Deno.readTextFile(join(import.meta.dirname ?? "", "../../Dockerfile"));
const STAGES = TEXT.replace(/^#.*\n/gm, "").replaceAll("\\\n", "").split(/^FROM .*\n/m);
const [, verify = "", last = ""] = STAGES;

/** The arguments of an instruction that occurs once in the last stage with this word. */
function only(instruction: string, word = ""): string {
  const found = [...last.matchAll(new RegExp(`^${instruction} +(.*${word}.*)$`, "gm"))];
  strictEqual(found.length, 1, `${instruction} in the Dockerfile's last stage`);
  return found[0]?.[1] ?? "";
}

/** The image as the Dockerfile describes it. */
function image() {
  const copied = /^--from=verify --chown=0:0 (\S+) (\S+)$/.exec(only("COPY", "/bin/"));
  const mode = /install -m (0[0-7]+) unpacked\/azu azu/.exec(verify)?.[1];
  ok(copied && mode);
  return {
    program: copied[2] ?? "",
    mode: parseInt(mode, 8),
    workdir: only("WORKDIR"),
    entrypoint: v.parse(v.array(v.string()), JSON.parse(only("ENTRYPOINT"))),
  };
}

Deno.test("the image runs azu as its user, through its ENTRYPOINT", needsChroot(), async () => {
  const { entrypoint, ...contents } = image();
  strictEqual(STAGES.length, 3);
  strictEqual(only("USER"), `${NOBODY}:${NOBODY}`);
  await using root = await chroot({ ...contents, files: { "azu.config.ts": "export default 5;" } });
  const { uid, gid, mode } = await Deno.stat(join(root.path, contents.program));
  deepStrictEqual([uid, gid, (mode ?? 0) & 0o7777], [0, 0, 0o755]);
  const version = await root.run(["--version"], { entrypoint });
  match(version.stdout, /^azu \d+\.\d+\.\d+ \(.+\)\n$/);
  deepStrictEqual([version.code, version.stderr], [0, ""]);
});

Deno.test("the image works in /app, where the app is mounted", needsChroot(), async () => {
  const { entrypoint, ...contents } = image();
  await using root = await chroot({ ...contents, files: { "azu.config.ts": "export default 5;" } });
  strictEqual(root.app, join(root.path, "app"));
  const { code, stderr } = await root.run(["session:clear", "--force"], { entrypoint });
  match(stderr, /^error: azu\.config\.ts: expected a config object, got 5$/m);
  strictEqual(code, 2);
});
