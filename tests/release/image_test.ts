/** The steps of the Dockerfile without a container engine. tests/binary/image_test.ts runs azu. */
import { strictEqual } from "node:assert/strict";
import { join } from "node:path";
import { tarGz } from "../../scripts/package/archive.ts";
import { sha256 } from "../../scripts/package/sums.ts";
import { tempDir, writeTree } from "../support/temp.ts";
import { runIn } from "./installing.ts";

const dockerfile = (await Deno.readTextFile(join(import.meta.dirname ?? "", "../../Dockerfile")))
  .replace(/^#.*\n/gm, "").replaceAll("\\\n", "").trim().split(/\n+/)
  .map((line) => [line.split(" ")[0] ?? "", line.replace(/^\S+\s+/, "")] as const);
const last = (name: string) => dockerfile.findLast(([instruction]) => instruction === name)?.[1];

Deno.test("The image is distroless/cc, run by a user who is not root", () => {
  strictEqual(last("FROM"), "gcr.io/distroless/cc-debian12:nonroot");
  strictEqual(last("USER"), "65532:65532");
  strictEqual(last("WORKDIR"), "/app");
  strictEqual(last("ENTRYPOINT"), '["/usr/local/bin/azu"]');
  strictEqual(last("COPY"), "--from=verify --chown=0:0 /release/azu /usr/local/bin/azu");
});

/** A small archive, with the name of the processor as its program. */
async function archive(cpu: string) {
  const target = `${cpu}-unknown-linux-gnu`;
  const encoder = new TextEncoder();
  const entries = ["azu", "LICENSE"].map((name) => ({
    path: `azu-1.2.3-rc.1-${target}/${name}`,
    bytes: encoder.encode(cpu),
  }));
  const bytes = await tarGz(entries, 0);
  return { name: `azu-1.2.3-rc.1-${target}.tar.gz`, bytes, hash: await sha256(bytes) };
}

const [intel, arm] = await Promise.all([archive("x86_64"), archive("aarch64")]);
const builds = {
  "a right hash": { arch: "amd64", hash: intel.hash, program: "x86_64" },
  "a right hash on arm64": { arch: "arm64", hash: arm.hash, program: "aarch64" },
  "a wrong hash": { arch: "amd64", hash: arm.hash, program: undefined },
  "no entry": { arch: "amd64", hash: "", program: undefined },
  "another architecture": { arch: "s390x", hash: intel.hash, program: undefined },
};
for (const [name, { arch, hash, program }] of Object.entries(builds)) {
  const outcome = program === undefined ? "fails" : "takes the program out of the archive";
  Deno.test(`The image's first stage ${outcome} with ${name}`, async () => {
    await using folder = await tempDir("azu image ");
    await writeTree(folder.path, {
      [intel.name]: intel.bytes,
      [arm.name]: arm.bytes,
      SHA256SUMS: [intel, arm].map(({ name }) => `${hash}  ${name}\n`).join(""),
    });
    const result = await runIn(folder.path, ["-c", last("RUN") ?? ""], { TARGETARCH: arch });
    strictEqual(result.code, program === undefined ? 1 : 0, result.stderr);
    const path = join(folder.path, "azu");
    strictEqual(await Deno.readTextFile(path).catch(() => undefined), program);
    if (program !== undefined) strictEqual(((await Deno.stat(path)).mode ?? 0) & 0o777, 0o755);
  });
}
