/** What is revoked, what stays, and what is said about it. */
import { deepStrictEqual, doesNotMatch, match, ok, strictEqual } from "node:assert/strict";
import { runAzu } from "../../support/cli.ts";
import { appWith, DAY, handle, SECRET, session, someSessions } from "../sessions.ts";
import { documentedFields } from "../reference.ts";

const REVOKE = ["session:revoke", "--force"];

Deno.test("the sessions of one user go, and nothing else", async () => {
  await using app = await appWith(someSessions());
  const dry = await runAzu(["session:revoke", "--user", "42", "--dry-run"], app.options);
  deepStrictEqual([dry.code, dry.stderr], [0, ""]);
  match(dry.stdout, /^Would revoke 2 session\(s\); nothing was revoked\nHandle +User [^]*\n$/);
  strictEqual(dry.stdout.split("\n").length, 5);
  deepStrictEqual(app.names(), [..."abcde"]);
  const { code, stdout, stderr, decision } = await runAzu(
    [...REVOKE, "--user", "42"],
    app.options,
  );
  strictEqual(
    stdout,
    "Revoking sessions...\nBackend: database\nRevoked 2 session(s)\n✓ Sessions revoked\n",
  );
  deepStrictEqual([code, stderr], [0, ""]);
  match(decision, /^Backend: database \(selected by SESSION_BACKEND\), environment production/);
  deepStrictEqual(app.names(), [..."cde"]);
  const again = await runAzu([...REVOKE, "--user", "42"], app.options);
  match(again.stdout, /\nNo sessions match\n✓ Nothing to revoke\n$/);
  const none = await runAzu(["session:revoke", "--user", "42", "--dry-run"], app.options);
  strictEqual(none.stdout, "No sessions match\n");
});

for (
  const [args, left] of [
    [["--except-user", "42"], "ab"],
    [["--anonymous"], "abce"],
    [["--expired"], "abcd"],
    [["--handle", handle("c"), "--handle", handle("d")], "abe"],
    [["--older-than", "30d", "--user", "42"], "acde"],
    [["--older-than", "30d", "--user", "7"], "abcde"],
    [["--idle", "1d", "--yes"], "acde"],
  ] as const
) {
  Deno.test(`session:revoke ${args.join(" ")}`, async () => {
    await using app = await appWith(someSessions());
    const { code, stderr } = await runAzu([...REVOKE, ...args], app.options);
    deepStrictEqual([code, stderr, app.names().join("")], [0, "", left]);
  });
}

Deno.test("an empty selection is refused, whatever else is given", async () => {
  await using app = await appWith(someSessions());
  for (const more of [[], ["--force"], ["--dry-run"], ["--yes", "--json"]]) {
    const { code, stdout, stderr } = await runAzu(["session:revoke", ...more], app.options);
    strictEqual(code, 2);
    match(stderr, /^error: session:revoke needs to know which sessions\n.*use session:clear\n$/);
    if (more.includes("--json")) strictEqual(JSON.parse(stdout).outcome, "usage");
    strictEqual(app.names().length, 5);
  }
});

Deno.test("options of clear that would widen a revocation are not there", async () => {
  for (const option of ["--truncate", "--anything", "--strict"]) {
    const { code, stderr } = await runAzu([...REVOKE, "--user", "1", option]);
    deepStrictEqual([code, /^error: Unknown option/.test(stderr)], [2, true]);
  }
  await using app = await appWith(someSessions());
  const { code, stderr } = await runAzu(
    [...REVOKE, "--user", "42", "--wait-replicas", "1"],
    app.options,
  );
  strictEqual(code, 3);
  match(
    stderr,
    /cannot tell whether replicas have caught up.*\nNothing was revoked: run the comma/,
  );
  strictEqual(app.names().length, 5);
});

Deno.test("the document has the fields that the reference lists", async () => {
  await using app = await appWith(someSessions());
  const omitted = ["channel", "error", "advice", "preview"];
  const documented = await documentedFields("session:revoke", omitted);
  const run = async (...args: string[]) =>
    JSON.parse(
      (await runAzu(["session:revoke", "--user", "42", "--json", ...args], app.options)).stdout,
    );
  const { preview, ...found } = await run("--dry-run");
  deepStrictEqual(Object.keys(found).sort(), documented);
  deepStrictEqual(
    [found.outcome, found.dryRun, found.revoked, found.remaining, found.selection],
    ["found", true, 0, 2, "of the user 42"],
  );
  deepStrictEqual(
    preview.map(({ handle }: { handle: string }) => handle).sort(),
    [handle("a"), handle("b")].sort(),
  );
  const revoked = await run("--force");
  deepStrictEqual(Object.keys(revoked).sort(), documented);
  deepStrictEqual(
    [revoked.command, revoked.outcome, revoked.revoked, revoked.remaining, revoked.arrived],
    ["session:revoke", "revoked", 2, 0, 0],
  );
  const empty = await run("--force");
  deepStrictEqual([empty.outcome, empty.revoked, empty.exitCode], ["empty", 0, 0]);
});

Deno.test("a dry run shows ten sessions, and how many more there are", async () => {
  await using app = await appWith(Array.from({ length: 25 }, (_, index) => session(`s${index}`)));
  const dry = await runAzu(["session:revoke", "--anonymous", "--dry-run"], app.options);
  const lines = dry.stdout.split("\n");
  deepStrictEqual([lines.length, lines.at(-2)], [14, "… and 15 more"]);
  const json = await runAzu(["session:revoke", "--anonymous", "--dry-run", "--json"], app.options);
  const { preview, remaining } = JSON.parse(json.stdout);
  deepStrictEqual([preview.length, remaining], [10, 25]);
});

Deno.test("sessions that cannot be read stay, with a warning", async () => {
  await using app = await appWith(someSessions());
  app.run("UPDATE sessions SET data = 'no JSON' WHERE session_id LIKE '%-c'");
  const { code, stdout, stderr } = await runAzu([...REVOKE, "--logged-in"], app.options);
  strictEqual(code, 0);
  match(stdout, /^Revoked 3 session\(s\)\n✓ Sessions revoked$/m);
  match(
    stderr,
    /^warning: 1 session\(s\) do not tell the user, and were not selected: the app did/,
  );
  deepStrictEqual(app.names(), ["c", "d"]);
  const json = await runAzu([...REVOKE, "--logged-in", "--json"], app.options);
  const { unreadable, warnings, outcome } = JSON.parse(json.stdout);
  deepStrictEqual([unreadable, warnings.length, outcome], [1, 1, "empty"]);
});

Deno.test("sessions without a recorded address stay, and are named", async () => {
  await using app = await appWith(someSessions());
  const said = /^warning: (\d) session\(s\) do not tell the IP address, .*session\.record\.ip/m;
  const list = await runAzu(["session:list", "--ip", "203.0.113.7", "--count"], app.options);
  deepStrictEqual([list.stdout, said.exec(list.stderr)?.[1]], ["1\n", "3"]);
  const { code, stdout, stderr } = await runAzu([...REVOKE, "--ip", "0.0.0.0/0"], app.options);
  deepStrictEqual([code, said.exec(stderr)?.[1]], [0, "3"]);
  match(stdout, /^Revoked 1 session\(s\)$/m);
  const json = await runAzu([...REVOKE, "--ip", "198.51.100.1", "--json"], app.options);
  deepStrictEqual([JSON.parse(json.stdout).unreadable, app.names()], [3, ["b", "c", "d", "e"]]);
});

Deno.test("sealed sessions are refused without the secret, by what it would tell", async () => {
  await using app = await appWith(someSessions());
  const sealed = btoa(JSON.stringify([btoa("x".repeat(64)), btoa("y".repeat(32))]));
  app.run(`UPDATE sessions SET data = '${sealed}'`);
  for (const mode of ["--force", "--dry-run"]) {
    const { code, stderr } = await runAzu(["session:revoke", "--user", "42", mode], app.options);
    strictEqual(code, 3);
    match(stderr, /^error: Some sessions are sealed, so azu cannot tell the user/);
  }
  strictEqual(app.names().length, 5);
  // The columns tell this without the payload.
  match((await runAzu([...REVOKE, "--expired"], app.options)).stdout, /^Revoked 1 session/m);
});

Deno.test("what is gone is told if a sealed session is found late", async () => {
  await using app = await appWith(
    Array.from({ length: 5000 }, (_, index) => session(`s${index}`, { user: "42" })),
  );
  const sealed = btoa(JSON.stringify([btoa("x".repeat(64)), btoa("y".repeat(32))]));
  app.run(`UPDATE sessions SET data = '${sealed}' WHERE id > 4500`);
  const small = [...REVOKE, "--user", "42", "--batch", "100"];
  const { code, stdout } = await runAzu([...small, "--json"], app.options);
  const { outcome, exitCode, revoked, error } = JSON.parse(stdout);
  match(error.message, /^Some sessions are sealed/);
  deepStrictEqual([code, exitCode, outcome], [1, 1, "failed"]);
  ok(revoked > 0);
  strictEqual(app.names().length, 5000 - revoked);
  app.save([session("more", { user: "42" })]);
  app.run("UPDATE sessions SET id = 0 WHERE session_id LIKE '%more'");
  const again = await runAzu(small.map((arg) => arg === "100" ? "1" : arg), app.options);
  match(again.stdout, /^Revoked 1 session\(s\), then failed$/m);
  match(again.stderr, /^error: Some sessions are sealed, so azu cannot tell the user/m);
  match(again.stderr, /^1 session\(s\) are gone; it is not known how many remain/m);
  strictEqual(again.code, 1);
});

Deno.test("sessions that a trigger keeps are reported, and there is no check mark", async () => {
  await using app = await appWith(someSessions());
  app.run(
    "CREATE TRIGGER keep BEFORE DELETE ON sessions WHEN OLD.session_id LIKE '%-a' " +
      "BEGIN SELECT RAISE(IGNORE); END",
  );
  const { code, stdout, stderr } = await runAzu([...REVOKE, "--user", "42"], app.options);
  strictEqual(code, 1);
  match(stdout, /^Revoked 1 session\(s\)$/m);
  doesNotMatch(stdout, /✓/);
  match(stderr, /^error: 1 session\(s\) are still there, though the store reported no error$/m);
  match(stderr, /^1 session\(s\) are gone, 1 remain: running the command again is safe$/m);
  deepStrictEqual(app.names(), [..."acde"]);
});

Deno.test("no output of a revocation shows an id or a payload", async () => {
  await using app = await appWith(someSessions());
  for (const mode of [["--dry-run"], ["--dry-run", "--json"], ["--force"], ["--force", "--json"]]) {
    const { stdout, stderr } = await runAzu(
      ["session:revoke", "--logged-in", ...mode],
      app.options,
    );
    doesNotMatch(stdout + stderr, new RegExp(`${SECRET}|session_id`));
  }
});

Deno.test("many users and sessions are revoked in one go", async () => {
  const many = Array.from(
    { length: 5000 },
    (_, index) => session(`s${index}`, { user: `${index}` }),
  );
  await using app = await appWith(many);
  const users = Array.from({ length: 4990 }, (_, index) => `${index}`).join("\n");
  const { code, stdout } = await runAzu([...REVOKE, "--users-from", "-"], {
    ...app.options,
    stdin: users,
  });
  strictEqual(code, 0);
  match(stdout, /^Revoked 4990 session\(s\)\n✓ Sessions revoked$/m);
  strictEqual(app.names().length, 10);
});

Deno.test("relative times are counted from the start", async () => {
  const now = Date.now();
  await using app = await appWith([
    session("old", { createdAt: now - 31 * DAY }),
    session("new", { createdAt: now - 29 * DAY }),
  ]);
  const json = await runAzu([...REVOKE, "--older-than", "30d", "--json"], app.options);
  match(JSON.parse(json.stdout).selection, /^created before \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  deepStrictEqual(app.names(), ["new"]);
});
