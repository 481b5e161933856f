/** What visitors and apps can put into a session must not act on a terminal or a spreadsheet. */
import { deepStrictEqual, doesNotMatch, match, ok, strictEqual } from "node:assert/strict";
import { join } from "node:path";
import { runAzu, runAzuOnTerminal } from "../../support/cli.ts";
import { needs } from "../../support/env.ts";
import { appWith, handle, session } from "../sessions.ts";

const LIST = ["session:list"];

const EVIL = "\x1b[2J\x1b]0;owned\x07\r\nfake: line\t\u202egnp.exe\u009b31m\u2028end";

/** Control characters that may act on a terminal; line ends are the output's own. */
const CONTROL = /(?!\n)[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/u;

Deno.test("no control character of a session is printed, in any format", async () => {
  await using app = await appWith([session("a", { user: EVIL, ip: EVIL, userAgent: EVIL })]);
  for (const format of ["table", "json", "ndjson", "csv", "handles"]) {
    const { code, stdout, stderr } = await runAzu([...LIST, "--format", format], app.options);
    strictEqual(code, 0);
    doesNotMatch(stdout + stderr, CONTROL, format);
    match(stdout, new RegExp(handle("a")));
    if (format !== "handles") match(stdout, /\\u001b\[2J.*\\u202e/);
  }
  const { stdout } = await runAzu([...LIST, "--format", "ndjson"], app.options);
  const found = JSON.parse(stdout);
  deepStrictEqual([found.user, found.ip, found.agent], [EVIL, EVIL, EVIL]);
  const [listed] = JSON.parse((await runAzu([...LIST, "--json"], app.options)).stdout).sessions;
  deepStrictEqual(listed, found);
});

Deno.test("nor on a terminal, where the table stays whole", needs("script"), async () => {
  await using app = await appWith([session("a", { user: EVIL, userAgent: EVIL }), session("b")]);
  const { output } = await runAzuOnTerminal(LIST, {
    ...app.options,
    env: { ...app.options.env, NO_COLOR: "1" },
    columns: 100,
  });
  doesNotMatch(output, CONTROL);
  const rows = output.split("\n").filter((line) => /^\w{12} {2}/.test(line));
  strictEqual(rows.length, 2);
  ok(rows.every((row) => row.length < 100));
});

Deno.test(
  "csv: what a spreadsheet would run, and what would break a line",
  needs("script"),
  async () => {
    const texts = [
      "=HYPERLINK(1)",
      "+1",
      "-2+3",
      "@SUM(A1)",
      "\t=1",
      'a "quoted" text',
      "a, b",
      " blank ",
      "line\nbreak",
      "-5",
      "plain",
    ];
    await using app = await appWith(texts.map((user, index) => session(`s${index}`, { user })));
    const file = join(app.path, "out.csv");
    const args = [...LIST, "--format", "csv", "--fields", "user,size"];
    await runAzuOnTerminal(args, { ...app.options, stdoutTo: file });
    const [header, ...rows] = (await Deno.readTextFile(file)).split("\r\n");
    deepStrictEqual([header, rows.pop()], ["user,size", ""]);
    deepStrictEqual(rows.map((row) => row.replace(/,\d+$/, "")), [
      "'=HYPERLINK(1)",
      "'+1",
      "'-2+3",
      "'@SUM(A1)",
      "'\\t=1",
      '"a ""quoted"" text"',
      '"a, b"',
      '" blank "',
      "line\\nbreak",
      "-5",
      "plain",
    ]);
  },
);

Deno.test("a password in a user agent is masked, and the JSON stays valid", async () => {
  const agents = [
    "redis://app:hunter2@host/0",
    'a "redis://é:hunter2" agent \\ ',
    "https://x:hunter2@[::1]\\",
    "password=hunter2",
  ];
  await using app = await appWith(
    agents.map((userAgent, index) => session(`s${index}`, { userAgent })),
  );
  for (const format of ["table", "json", "ndjson", "csv"]) {
    const { stdout } = await runAzu([...LIST, "--format", format], app.options);
    doesNotMatch(stdout, /:hunter2@|=hunter2/, format);
    if (format === "json") strictEqual(JSON.parse(stdout).sessions.length, 4);
    if (format === "ndjson") stdout.trim().split("\n").forEach((line) => JSON.parse(line));
    if (format === "csv") {
      for (const row of stdout.trim().split("\n")) {
        ok(row.replace(/"(?:[^"]|"")*"/g, "").split(",").length === 8, row);
      }
    }
  }
});

Deno.test("a very long user agent is cut", async () => {
  await using app = await appWith([session("a", { userAgent: "x".repeat(1_000_000) })]);
  for (const format of ["table", "json", "ndjson", "csv"]) {
    const { stdout } = await runAzu([...LIST, "--format", format], app.options);
    ok(stdout.length < 3000, format);
    match(stdout, /x{1000}…/);
  }
});

Deno.test("payloads that make no sense are listed, with what is known", async () => {
  await using app = await appWith([session("a")]);
  const put = (name: string, data: string) =>
    app.run(
      "INSERT INTO sessions (session_id, data, created_at, updated_at, expires_at) VALUES " +
        `('5ecre7-1d-${name}', CAST('${data}' AS BLOB), 'x', '9999999-01-01', '2100-01-01')`,
    );
  put("b", "not JSON");
  put("c", '{"user_id": {"deep": true}, "ip": 5}');
  put("d", `{"user_id": 9223372036854775807, "user_agent": "${"\\u0000".repeat(3)}"}`);
  const { code, stdout, stderr } = await runAzu([...LIST, "--format", "ndjson"], app.options);
  deepStrictEqual([code, stderr], [0, ""]);
  const found = stdout.trim().split("\n").map((line) => JSON.parse(line));
  const of = (name: string) => found.find((session) => session.handle === handle(name));
  deepStrictEqual(
    [of("b").user, of("b").unknown.includes("user"), of("b").unknown.includes("agent")],
    [null, true, true],
  );
  deepStrictEqual([of("c").user, of("c").unknown.includes("user")], [null, true]);
  strictEqual(of("d").user, "9223372036854775807");
  const table = await runAzu(LIST, app.options);
  match(table.stdout, new RegExp(`^${handle("b")} {2}\\? `, "m"));
});
