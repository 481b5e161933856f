/** What a list shows, in each format. */
import { deepStrictEqual, doesNotMatch, match, ok, strictEqual } from "node:assert/strict";
import { runAzu } from "../../support/cli.ts";
import { documentedFields } from "../reference.ts";
import { appWith, DAY, handle, HOUR, SECRET, session, someSessions } from "../sessions.ts";

const LIST = ["session:list"];

/** The lines of an output. */
function lines(text: string): string[] {
  return text.split("\n").slice(0, -1);
}

Deno.test("the table says whose each session is, and since when", async () => {
  await using app = await appWith(someSessions());
  const { code, stdout, stderr, decision } = await runAzu(LIST, app.options);
  deepStrictEqual([code, stderr], [0, ""]);
  match(decision, /^Backend: database \(selected by SESSION_BACKEND\), environment production/);
  const [header, ...rows] = lines(stdout);
  match(header ?? "", /^Handle +User +Created +Last visit +Expires +Size +IP +Agent$/);
  strictEqual(rows.length, 5);
  const row = (name: string) => rows.find((line) => line.startsWith(handle(name))) ?? "";
  match(row("a"), /^\w{12} {2}42 +3 h ago +60 min ago +in 6 d +\d{3} B {2}203\.0\.113\.7 +Mozilla/);
  match(row("b"), /^\w{12} {2}42 +40 d ago +2 d ago +in 6 d +\d{3} B {2}- +-$/);
  match(row("d"), /^\w{12} {2}- +3 h ago /);
  match(row("e"), /^\w{12} {2}9 .* expired 2 h ago /);
  ok(rows.every((line) => line === line.trimEnd()));
});

Deno.test("what no session has is not a column", async () => {
  await using app = await appWith([session("a"), session("b")]);
  const { stdout } = await runAzu(LIST, app.options);
  match(stdout, /^Handle +User +Created +Last visit +Expires +Size\n/);
});

Deno.test("a list without sessions says so", async () => {
  await using app = await appWith([]);
  strictEqual((await runAzu(LIST, app.options)).stdout, "No sessions found\n");
  strictEqual((await runAzu([...LIST, "--user", "1"], app.options)).stdout, "No sessions match\n");
  const csv = await runAzu([...LIST, "--format", "csv"], app.options);
  strictEqual(csv.stdout, "handle,user,created,visited,expires,size,ip,agent\n");
  for (const format of ["ndjson", "handles"]) {
    strictEqual((await runAzu([...LIST, "--format", format], app.options)).stdout, "");
  }
  const json = JSON.parse((await runAzu([...LIST, "--json"], app.options)).stdout);
  deepStrictEqual([json.sessions, json.shown, json.more], [[], 0, false]);
});

Deno.test("json, ndjson, csv and handles tell the same", async () => {
  const saved = someSessions();
  await using app = await appWith(saved);
  const run = async (...args: string[]) => (await runAzu([...LIST, ...args], app.options)).stdout;
  const { sessions } = JSON.parse(await run("--json"));
  const [first] = saved;
  deepStrictEqual(sessions[0], {
    handle: handle("a"),
    user: "42",
    created: new Date(first?.createdAt ?? 0).toISOString(),
    visited: new Date(first?.visitedAt ?? 0).toISOString(),
    expires: new Date(first?.expiresAt ?? 0).toISOString(),
    size: sessions[0].size,
    ip: "203.0.113.7",
    agent: "Mozilla/5.0 (X11; Linux x86_64)",
    unknown: [],
  });
  strictEqual(Number.isInteger(sessions[0].size), true);
  deepStrictEqual(JSON.parse(await run("--format", "json")).sessions, sessions);
  const ndjson = lines(await run("--format", "ndjson")).map((line) => JSON.parse(line));
  deepStrictEqual(ndjson, sessions);
  deepStrictEqual(
    lines(await run("--format", "handles")),
    sessions.map(({ handle }: { handle: string }) => handle),
  );
  const [header = "", ...rows] = (await run("--format", "csv")).split("\n").slice(0, -1);
  const names = header.split(",");
  const fromCsv = rows.map((row) => {
    const cells = row.split(",").map((cell) => cell === "" ? null : cell);
    return Object.fromEntries(names.map((name, index) => [name, cells[index]]));
  });
  deepStrictEqual(
    fromCsv,
    sessions.map(({ unknown: _, size, ...others }: Record<string, unknown>) => {
      return { ...others, size: String(size) };
    }),
  );
});

Deno.test("--fields chooses the fields, and their order", async () => {
  await using app = await appWith(someSessions());
  const run = async (...args: string[]) =>
    (await runAzu([...LIST, "--fields", "user,handle,ip", ...args], app.options)).stdout;
  match(await run(), /^User +Handle +IP\n42 {4}\w{12} {2}203\.0\.113\.7\n/);
  match(await run("--format", "csv"), /^user,handle,ip\n42,\w{12},203\.0\.113\.7\n/);
  const json = JSON.parse(await run("--json")).sessions[0];
  deepStrictEqual(Object.keys(json), ["user", "handle", "ip", "unknown"]);
});

Deno.test("the document has the fields that the reference lists", async () => {
  const documented = await documentedFields("session:list", ["channel", "error", "count"]);
  await using app = await appWith(someSessions());
  const run = async (...args: string[]) =>
    JSON.parse((await runAzu([...LIST, "--json", ...args], app.options)).stdout);
  const document = await run("--user", "42");
  deepStrictEqual(Object.keys(document).sort(), documented);
  deepStrictEqual(
    [document.command, document.outcome, document.shown, document.more, document.exitCode],
    ["session:list", "listed", 2, false, 0],
  );
  strictEqual(document.selection, "of the user 42");
  strictEqual(document.table, "sessions");
  const counted = await run("--count");
  deepStrictEqual([counted.outcome, counted.count, counted.selection], ["counted", 5, null]);
  deepStrictEqual(["sessions", "shown", "more"].filter((name) => name in counted), []);
});

Deno.test("--count prints the number alone, also with --quiet", async () => {
  await using app = await appWith(someSessions());
  for (const more of [[], ["--quiet"]]) {
    const { stdout } = await runAzu([...LIST, "--count", "--user", "42", ...more], app.options);
    strictEqual(stdout, "2\n");
  }
  const { stdout, stderr, decision } = await runAzu([...LIST, "--quiet"], app.options);
  deepStrictEqual([stdout, stderr, decision], ["", "", ""]);
  const handles = await runAzu([...LIST, "--quiet", "--format", "handles"], app.options);
  strictEqual(lines(handles.stdout).length, 5);
});

Deno.test("a limit that is reached is said, and one that is just enough is not", async () => {
  await using app = await appWith(Array.from({ length: 60 }, (_, index) => session(`s${index}`)));
  const run = async (...args: string[]) => {
    const { stdout, stderr } = await runAzu([...LIST, "--format", "handles", ...args], app.options);
    return [lines(stdout).length, stderr];
  };
  deepStrictEqual(await run(), [50, "The first 50 sessions; --limit all shows more\n"]);
  deepStrictEqual(await run("--limit", "59"), [
    59,
    "The first 59 sessions; --limit all shows more\n",
  ]);
  deepStrictEqual(await run("--limit", "60"), [60, ""]);
  deepStrictEqual(await run("--limit", "all"), [60, ""]);
  deepStrictEqual(await run("--sort", "size", "--limit", "3"), [
    3,
    "The first 3 sessions; --limit <n> shows more\n",
  ]);
  const json = JSON.parse((await runAzu([...LIST, "--json", "--limit", "7"], app.options)).stdout);
  deepStrictEqual([json.sessions.length, json.shown, json.more], [7, 7, true]);
});

Deno.test("--sort orders by a field, in both directions", async () => {
  const now = Date.now();
  const at = (created: number, visited: number, expires: number) => ({
    createdAt: now - created * DAY,
    visitedAt: now - visited * HOUR,
    expiresAt: now + expires * HOUR,
  });
  await using app = await appWith([
    session("a", { user: "10", ...at(1, 2, 3) }),
    session("b", { user: "9", ...at(3, 1, 4) }),
    session("c", at(2, 4, 2)),
    session("d", { user: "ann", userAgent: "x".repeat(99), ...at(4, 3, 1) }),
  ]);
  const orders: [string, string][] = [
    ["created", "dbca"],
    ["-created", "acbd"],
    ["visited", "cdab"],
    ["-visited", "badc"],
    ["expires", "dcab"],
    ["user", "badc"],
    ["-user", "dabc"],
  ];
  const run = async (...args: string[]) => {
    const { stdout } = await runAzu([...LIST, "--format", "handles", ...args], app.options);
    return lines(stdout).map((line) => [..."abcd"].find((name) => handle(name) === line)).join("");
  };
  for (const [field, order] of orders) strictEqual(await run("--sort", field), order, field);
  strictEqual(await run("--sort", "-size", "--limit", "1"), "d");
  strictEqual(await run("--sort=-created", "--limit", "2"), "ac");
});

Deno.test("every option selects what it says", async () => {
  const now = Date.now();
  await using app = await appWith([
    ...someSessions(),
    session("f", { user: "8", createdAt: Date.parse("2020-02-29T12:00:00Z") }),
  ]);
  const cases: [string[], string][] = [
    [["--user", "42"], "ab"],
    [["--user", "42", "--user", "7"], "abc"],
    [["--except-user", "42"], "cdef"],
    [["--anonymous"], "d"],
    [["--logged-in"], "abcef"],
    [["--live"], "abcdf"],
    [["--expired"], "e"],
    [["--older-than", "30d"], "bf"],
    [["--idle", "1d"], "b"],
    [["--created-before", "30d"], "bf"],
    [["--created-before", "2020-02-29"], ""],
    [["--created-before", "2020-03-01"], "f"],
    [["--created-before", "2020-02-29T12:00:01"], "f"],
    [["--created-before", "2020-02-29T13:00:01+01:00"], "f"],
    [["--created-before", "2020-02-29T12:59+01:00"], ""],
    [["--created-after", "1h"], "c"],
    [["--created-after", new Date(now - HOUR).toISOString()], "c"],
    [["--expires-within", "2d"], ""],
    [["--expires-within", "7d"], "abcdf"],
    [["--ip", "203.0.113.0/24"], "a"],
    [["--ip", "203.0.113.7", "--ip", "2001:db8::/32"], "ac"],
    [["--handle", handle("d")], "d"],
    [["--user", "42", "--older-than", "30d"], "b"],
    [["--user", "nobody"], ""],
  ];
  const names = [..."abcdef"];
  for (const [args, expected] of cases) {
    const result = await runAzu([...LIST, ...args, "--format", "handles"], app.options);
    strictEqual(result.code, 0, result.stderr);
    const found = lines(result.stdout).map((line) => names.find((name) => handle(name) === line));
    strictEqual(found.sort().join(""), expected, args.join(" "));
  }
});

Deno.test("no format shows an id or a payload", async () => {
  await using app = await appWith(someSessions());
  for (const format of ["table", "json", "ndjson", "csv", "handles"]) {
    const { stdout, stderr } = await runAzu([...LIST, "--format", format], app.options);
    doesNotMatch(stdout + stderr, new RegExp(`${SECRET}|session_id`));
  }
});
