/** A disk without room, under a SQLite file: a clear needs some of it, too. */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { printNote } from "../support/output.ts";
import { sqlitePlace } from "./sqlite_place.ts";
import { clear } from "./sweep.ts";

/** A small disk in memory; undefined, and said, where we may not mount one. */
async function smallDisk(): Promise<(AsyncDisposable & { readonly path: string }) | undefined> {
  const path = await Deno.makeTempDir({ prefix: "azu-disk-" });
  const run = async (command: string, ...args: string[]) =>
    await new Deno.Command(command, { args, stderr: "null" }).output()
      .then(({ success }) => success, () => false);
  if (await run("mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", path)) {
    return {
      path,
      async [Symbol.asyncDispose]() {
        await run("umount", path);
        await Deno.remove(path);
      },
    };
  }
  await Deno.remove(path);
  printNote("Not tested: a full disk, as no tmpfs may be mounted here");
  return undefined;
}

for (const journal of ["wal", "delete"] as const) {
  Deno.test(`sqlite (${journal}): a full disk is said, and the counts are true`, async () => {
    await using disk = await smallDisk();
    if (disk === undefined) return;
    await using place = await sqlitePlace(journal, disk.path);
    const total = await place.fill();
    const neighbours = await place.neighbours();
    const ballast = `${disk.path}/ballast`;
    await Deno.writeFile(ballast, new Uint8Array(4 << 20)).catch(() => {});
    const { outcome, cleared, error } = await clear(place.own, 100);
    strictEqual(outcome, "failed");
    match(error?.message ?? "", /^The database's disk (?:is|failed, or is) full/);
    match(error?.hint ?? "", /Make room.*safe/s);
    await Deno.remove(ballast);
    const left = await place.sessions();
    strictEqual(total - left, cleared, error?.message);
    ok(left > 0);
    deepStrictEqual(await place.neighbours(), neighbours);
    const again = await clear(place.own, 100);
    deepStrictEqual([again.outcome, again.cleared], ["cleared", left]);
  });
}
