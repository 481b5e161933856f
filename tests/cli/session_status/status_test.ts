/** What `session:status` says, and its exit codes. */
import { deepStrictEqual, doesNotMatch, match, ok, strictEqual } from "node:assert/strict";
import { runAzu, spawnAzu } from "../../support/cli.ts";
import { customApp } from "../custom_sessions.ts";
import { documentedFields } from "../reference.ts";
import { appWith, DAY, SECRET, session, someSessions } from "../sessions.ts";

const STATUS = ["session:status"];

Deno.test("the screen says what is there", async () => {
  await using app = await appWith(someSessions());
  const { code, stdout, stderr } = await runAzu(STATUS, app.options);
  deepStrictEqual([code, stderr], [0, ""]);
  match(stdout, /^Sessions of production\nsqlite3:\/\/\.\/app\.db, table sessions\n\n/);
  match(stdout, /^Sessions +5$/m);
  match(stdout, /^ {2}live +4 +80% {2}█+/m);
  match(stdout, /^ {2}expired +1 +20% {2}█/m);
  match(stdout, /^ {2}never expire +0$/m);
  match(stdout, /^ {2}logged in +4 +80% /m);
  match(stdout, /^ {2}anonymous +1 +20% /m);
  match(stdout, /^Oldest +40 d ago\nNewest +5 min ago$/m);
  match(stdout, /^< 7 d +80% {2}█+/m);
  // Everything has been counted.
  doesNotMatch(stdout, /≈/);
  doesNotMatch(stdout, new RegExp(SECRET));
});

Deno.test("an empty store is 0 of everything", async () => {
  await using app = await appWith([]);
  const { code, stdout, stderr } = await runAzu(STATUS, app.options);
  deepStrictEqual([code, stderr], [0, ""]);
  match(stdout, /^Sessions +0\n {2}live +0\n {2}expired +0\n/m);
  doesNotMatch(stdout, /NaN|Infinity|undefined|null/);
});

Deno.test("the document has the fields that the reference lists", async () => {
  await using app = await appWith(someSessions());
  const { code, stdout, stderr } = await runAzu([...STATUS, "--json"], app.options);
  strictEqual(code, 0);
  match(stderr, /^$/);
  const document = JSON.parse(stdout);
  const documented = await documentedFields("session:status", ["channel", "error"]);
  deepStrictEqual(Object.keys(document).sort(), documented);
  const { sessions, live, expired, endless, loggedIn, anonymous } = document.figures;
  deepStrictEqual([sessions, live, expired, endless, loggedIn, anonymous], [5, 4, 1, 0, 4, 1]);
  deepStrictEqual([document.figures.memoryUsed, document.figures.deadRows], [null, null]);
  deepStrictEqual([document.estimated, document.sampled, document.failed], [[], 5, []]);
  ok(Date.now() - Date.parse(document.oldest) > 39 * DAY);
  strictEqual(document.timeLeft.length, 7);
  deepStrictEqual(document.timeLeft[4], { below: 7 * DAY, share: 0.8 });
  deepStrictEqual(document.age.at(-1), { below: null, share: 0.2 });
  const format = await runAzu([...STATUS, "--format", "json"], app.options);
  deepStrictEqual(Object.keys(JSON.parse(format.stdout)), Object.keys(document));
});

Deno.test("--fail-if exits with 1 if a limit is reached, and says by what", async () => {
  await using app = await appWith(someSessions());
  const run = (...limits: string[]) => {
    return runAzu([...STATUS, "--quiet", ...limits.flatMap((limit) => ["--fail-if", limit])], {
      ...app.options,
    });
  };
  for (const met of ["expired > 0", "live>=4", "sessions = 5", "ANONYMOUS < 1.5", "endless <= 0"]) {
    const { code, stdout, stderr } = await run("expired > 5", met);
    deepStrictEqual([code, stdout], [1, ""], met);
    match(stderr, /^error: A limit is reached: \w+ [<>=]+ [\d.]+: it is \d\n$/);
  }
  deepStrictEqual((await run("expired > 1", "live < 4")).code, 0);
  const unknown = await run("evicted > 0");
  strictEqual(unknown.code, 3);
  match(unknown.stderr, /^error: This store does not tell evicted\nIt tells sessions, live,/);
  for (const wrong of ["", "expired", "expired >", "nothing > 1", "expired > -1", "a > 1; b"]) {
    strictEqual((await run(wrong)).code, 2, wrong);
  }
  const json = await runAzu([...STATUS, "--json", "--fail-if", "live > 3"], app.options);
  const { failed, exitCode, outcome, error } = JSON.parse(json.stdout);
  deepStrictEqual([failed, exitCode, outcome, json.code], [["live > 3"], 1, "read", 1]);
  match(error.message, /live > 3: it is 4$/);
});

Deno.test("a backlog of expired sessions is a warning", async () => {
  const expired = Array.from({ length: 200 }, (_, index) => {
    return session(`x${index}`, { expiresAt: Date.now() - DAY });
  });
  await using app = await appWith([...someSessions(), ...expired]);
  const { code, stderr } = await runAzu(STATUS, app.options);
  strictEqual(code, 0);
  match(stderr, /^warning: Many sessions have expired: `azu session:sweep` removes them\n$/);
});

Deno.test("the column of the user tells exactly who is logged in, if all rows have it", async () => {
  const sessions = Array.from({ length: 6000 }, (_, index) => {
    return session(`u${index}`, { user: index % 10 === 0 ? null : "42" });
  });
  await using app = await appWith(sessions);
  const counts = async () => {
    const { stdout } = await runAzu([...STATUS, "--json"], app.options);
    const { figures, estimated } = JSON.parse(stdout);
    return [figures.loggedIn, figures.anonymous, estimated.includes("loggedIn")];
  };
  app.run("UPDATE sessions SET user_id = CASE WHEN rowid % 10 = 1 THEN 0 ELSE 42 END");
  deepStrictEqual(await counts(), [5400, 600, false]);
  app.run("UPDATE sessions SET user_id = NULL WHERE rowid = 1");
  strictEqual((await counts())[2], true);
});

Deno.test("sealed sessions do not tell their users, unless the secret is known", async () => {
  await using app = await appWith(someSessions());
  app.run("UPDATE sessions SET data = 'bm90IHJlYWRhYmxl--c2lnbmF0dXJl'");
  const { code, stdout } = await runAzu(STATUS, app.options);
  strictEqual(code, 0);
  match(stdout, /^ {2}logged in +\?$/m);
  match(stdout, /^ {2}live +4 /m);
  doesNotMatch(stdout, /bm90/);
});

for (
  const [what, args] of [["memory", ["-b", "memory"]], ["a store that cannot tell", []]] as const
) {
  Deno.test(`${what} exits with 3`, async () => {
    await using app = await customApp("");
    const { code, stdout, stderr } = await runAzu([...STATUS, ...args], { cwd: app.path });
    deepStrictEqual([code, stdout], [3, ""]);
    match(
      stderr,
      /^error: (?:Sessions of the memory backend cannot be read|The acme backend cannot tell)/,
    );
  });
}

Deno.test("what a backend of the config says is checked", async () => {
  const right = "figures: { sessions: { value: 1, isExact: true } }, sample: [session(1)], " +
    'properties: { shape: "\\u001b[31mround" }, warnings: ["It is \\u0007 old"]';
  const wrong = ["null", "{}", "{ figures: {}, sample: [], properties: {}, warnings: [] }"];
  for (const survey of [...wrong, `{ ${right}, sample: [{}] }`]) {
    await using app = await customApp(`survey: async () => (${survey})`);
    const { code, stdout, stderr } = await runAzu(STATUS, { cwd: app.path });
    deepStrictEqual([code, stdout], [1, ""]);
    match(stderr, /^error: The backend's survey returned something that is not the state of a/);
  }
  await using app = await customApp(`survey: async () => ({ ${right} })`);
  const { code, stdout, stderr } = await runAzu(STATUS, { cwd: app.path });
  strictEqual(code, 0, stderr);
  match(stdout, /^ {2}shape +\\u001b\[31mround$/m);
  match(stdout, /^ {2}never expire +1 /m);
  match(stderr, /^warning: It is \\u0007 old$/m);
});

Deno.test("what a store neither counts nor shows by a sample is not known", async () => {
  const figures = "{ sessions: { value: 500, isExact: true } }";
  const survey = `{ figures: ${figures}, sample: [], properties: { disk: "full" }, warnings: [] }`;
  await using app = await customApp(`survey: async () => (${survey})`);
  const { code, stdout, stderr } = await runAzu(STATUS, { cwd: app.path });
  deepStrictEqual([code, stderr.includes("warning")], [0, false]);
  match(stdout, /^Sessions +500$/m);
  for (const name of ["live", "expired", "never expire", "logged in", "anonymous"]) {
    match(stdout, new RegExp(`^  ${name} +\\?$`, "m"));
  }
  match(stdout, /^Server\n {2}disk +full$/m);
});

Deno.test("an interrupted status shows nothing, and exits with 130", async () => {
  await using app = await customApp(
    "survey: ({ signal }) => new Promise((_, reject) => " +
      "signal.addEventListener('abort', () => reject(signal.reason)))",
  );
  await using azu = await spawnAzu(STATUS, { cwd: app.path });
  await azu.waitFor(/Counting sessions/, "stderr");
  azu.signal("SIGINT");
  const { code, stdout, stderr } = await azu.finished();
  deepStrictEqual([code, stdout], [130, ""]);
  match(stderr, /Interrupted\n$/);
});
