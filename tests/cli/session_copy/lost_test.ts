/** A copy does not look complete if one of its ends has lost its sessions, or was mistaken. */
import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { join } from "node:path";
import { runAzu } from "../../support/cli.ts";
import { copyApp } from "./app.ts";
import { type Kept, lookOf, sqliteEnd } from "./ends.ts";

const NOW = Date.now();

function sessions(count: number): Record<string, Kept> {
  return Object.fromEntries(
    Array.from({ length: count }, (_, index) => {
      const payload = `{"session_id":"s${index}","user_id":${index}}`;
      return [`s${index}`, { payload, expiresAt: NOW + 3_600_000, visitedAt: NOW }];
    }),
  );
}

Deno.test("a target that has lost its sessions is not called complete", async () => {
  await using source = await sqliteEnd();
  await using target = await sqliteEnd();
  await using app = await copyApp({ source: source.entry, target: target.entry });
  const all = sessions(20);
  await source.write(all);
  strictEqual((await app.copy("--force")).code, 0);
  await target.remove(...Object.keys(sessions(15)));
  const dry = await app.copy("--dry-run");
  match(dry.stderr, /warning: 15 session\(s\), most of those that copies have put at the target/);
  const again = await app.copy("--force");
  deepStrictEqual([again.code, again.stdout.includes("✓")], [1, false], again.stdout);
  match(again.stderr, /error: 15 session\(s\), .* are gone there: it seems to have lost them/);
  match(again.stderr, /--restore-removed/);
  const restored = await app.copy("--force", "--restore-removed");
  deepStrictEqual([restored.code, await target.look()], [0, lookOf(all)]);

  // A few that were logged out are no loss.
  await target.remove(...Object.keys(sessions(4)));
  const few = await app.copy("--force");
  deepStrictEqual([few.code, few.stdout.includes("✓")], [0, true]);
});

Deno.test("an empty source is named, without a check mark", async () => {
  await using source = await sqliteEnd();
  await using target = await sqliteEnd();
  await using app = await copyApp({ source: source.entry, target: target.entry });
  const { code, stdout } = await app.copy("--force");
  deepStrictEqual([code, stdout.includes("✓")], [0, false]);
  match(stdout, /^The source has no sessions: is the direction right\?$/m);
});

Deno.test("a backup is not replaced by one of a store that has lost its sessions", async () => {
  await using source = await sqliteEnd();
  await using app = await copyApp({ source: source.entry });
  await source.write(sessions(50));
  const backUp = () => {
    const args = ["session:copy", "--from", "source", "--to", "./b.azu", "--no-encrypt"];
    return runAzu([...args, "--overwrite", "--force", "--quiet"], app.options);
  };
  strictEqual((await backUp()).code, 0);
  const before = await Deno.readFile(join(app.path, "b.azu"));
  await source.remove(...Object.keys(sessions(49)));
  const { code, stderr } = await backUp();
  strictEqual(code, 1);
  match(stderr, /error: b\.azu was not replaced: it has \d+ bytes, and the new backup only \d+/);
  deepStrictEqual(await Deno.readFile(join(app.path, "b.azu")), before);
  const names = Array.from(Deno.readDirSync(app.path), ({ name }) => name);
  deepStrictEqual(names.filter((name) => name.startsWith("b.azu")), ["b.azu"]);
});

Deno.test("a copy back to the store that the app leaves is refused", async () => {
  await using source = await sqliteEnd();
  await using target = await sqliteEnd();
  await using app = await copyApp({ source: source.entry, target: target.entry });
  const backends = { source: source.entry, target: target.entry };
  const session = { backend: "source", migrateFrom: "target", backends };
  const config = `export default ${JSON.stringify({ app: "shop", session })};`;
  await Deno.writeTextFile(join(app.path, "azu.config.ts"), config);
  const { code, stderr } = await app.copy("--force");
  strictEqual(code, 2);
  match(stderr, /The app moves its sessions from target to source, and this copy goes back/);
});

Deno.test("--reseal is refused if the secret may be the old one", async () => {
  await using source = await sqliteEnd();
  const [secret, other] = ["a1".repeat(32), "b2".repeat(32)];
  await using app = await copyApp({ source: source.entry }, {
    SESSION_SECRET: secret,
    SESSION_SECRET_PREVIOUS: `${other},${secret}`,
  });
  const { code, stderr } = await runAzu(
    ["session:copy", "--reseal", "--from", "source", "--force"],
    app.options,
  );
  deepStrictEqual([code, stderr.includes(secret)], [2, false]);
  match(stderr, /SESSION_SECRET is in SESSION_SECRET_PREVIOUS, too: it may be the old one/);
});
