/** Lists of any size: written while they are read, as long as somebody reads them. */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { spawnAzu } from "../../support/cli.ts";
import { customApp } from "../custom_sessions.ts";
import { memoryOf, shell } from "../in_shell.ts";

for (const format of ["ndjson", "csv", "handles"]) {
  Deno.test(`${format} is written while the sessions are read`, async () => {
    await using app = await customApp(`list: async ({ onSessions }) => {
      await onSessions(sessions(2));
      await later(3000);
      await onSessions(sessions(2, 2));
    }`);
    await using azu = await spawnAzu(["session:list", "--format", format], { cwd: app.path });
    await azu.waitFor(/zzzzzzzzzzzb/);
    const begin = performance.now();
    await azu.waitFor(/zzzzzzzzzzzd/);
    ok(performance.now() - begin > 1500);
    strictEqual((await azu.finished()).code, 0);
  });
}

for (const format of ["ndjson", "csv", "handles", "table"]) {
  Deno.test(`${format}: a reader that stops ends the list quietly`, async () => {
    await using app = await customApp(`list: async ({ signal, onSessions }) => {
      for (let n = 0;; n += 1000) {
        await onSessions(sessions(1000, n));
        await later(0);
        signal.throwIfAborted();
      }
    }`);
    // With --quiet, nothing but what was asked for is printed. That would be no table.
    const quiet = format === "table" ? "" : "-q";
    const line = `azu session:list ${quiet} --limit all --format ${format} | head -n 3`;
    const { code, stdout, stderr } = await shell(line, app.path);
    deepStrictEqual([code, stdout.split("\n").length], [0, 4]);
    match(stderr, format === "table" ? /^Backend: acme .*\n$/ : /^$/);
  });
}

Deno.test("many sessions are not kept in memory", async () => {
  await using app = await customApp(`list: async ({ onSessions }) => {
    for (let n = 0; n < 300_000; n += 1000) {
      const batch = sessions(1000, n);
      for (const one of batch) one.userAgent = "x".repeat(1000) + one.handle;
      await onSessions(batch);
      await later(0);
    }
  }`);
  const args = ["session:list", "--limit", "all", "--format", "ndjson"];
  const { code, peak } = await memoryOf(args, app.path);
  strictEqual(code, 0);

  ok(peak < 300, `${peak} MiB`);
});
