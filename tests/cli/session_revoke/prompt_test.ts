/** The question before a revocation, on a terminal. */
import { deepStrictEqual, doesNotMatch, match, ok, strictEqual } from "node:assert/strict";
import { join } from "node:path";
import { runAzu, runAzuOnTerminal } from "../../support/cli.ts";
import { needs } from "../../support/env.ts";
import { appWith, handle, session, someSessions } from "../sessions.ts";

const REVOKE = ["session:revoke", "--user", "42"];
const QUESTION = "Are you sure you want to revoke these sessions? " +
  "This will log out whoever uses them. [y/N]: ";

Deno.test("without a terminal and without --force: refused, exit 2", async () => {
  await using app = await appWith(someSessions());
  for (const stdin of [undefined, "y\n"]) {
    const options = stdin === undefined ? app.options : { ...app.options, stdin };
    const { code, stderr } = await runAzu(REVOKE, options);
    strictEqual(code, 2);
    match(stderr, /^error: There is no terminal to ask for confirmation.*\nPass --force/);
    strictEqual(app.names().length, 5);
  }
});

Deno.test("y revokes what was shown", needs("script"), async () => {
  await using app = await appWith(someSessions());
  const { code, output } = await runAzuOnTerminal(REVOKE, {
    ...app.options,
    answer: [{ waitFor: QUESTION, type: "y\n" }],
  });
  strictEqual(code, 0);
  const lines = output.split("\n");
  const at = lines.findIndex((line) => line === "Sessions of the user 42: 2");
  ok(at > 0, output);
  match(lines[at + 1] ?? "", /^Handle +User /);
  deepStrictEqual(
    [lines[at + 2]?.slice(0, 12), lines[at + 3]?.slice(0, 12)].sort(),
    [handle("a"), handle("b")].sort(),
  );
  match(lines[at + 4] ?? "", /^Are you sure/);
  match(
    output,
    /Revoking sessions\.\.\.\nBackend: database\nRevoked 2 session\(s\)\n.*✓.* Sessions re/,
  );
  deepStrictEqual(app.names(), [..."cde"]);
});

for (
  const [name, type, exitCode] of [["n", "n\n", 0], ["return", "\n", 0], ["Ctrl-D", "\x04", 0], [
    "Ctrl-C",
    "\x03",
    130,
  ]] as const
) {
  Deno.test(`${name} revokes nothing`, needs("script"), async () => {
    await using app = await appWith(someSessions());
    const { code, output } = await runAzuOnTerminal(REVOKE, {
      ...app.options,
      answer: [{ waitFor: QUESTION, type }],
    });
    strictEqual(code, exitCode);
    match(output, /Nothing was revoked/);
    doesNotMatch(output, /Revoking/);
    strictEqual(app.names().length, 5);
  });
}

Deno.test("if nothing matches, there is no question", needs("script"), async () => {
  await using app = await appWith(someSessions());
  const args = ["session:revoke", "--user", "nobody"];
  const { code, output } = await runAzuOnTerminal(args, app.options);
  strictEqual(code, 0);
  match(output, /\nNo sessions match\n$/);
  doesNotMatch(output, /Are you sure|✓/);
});

Deno.test("the preview shows ten, and fits the terminal", needs("script"), async () => {
  const agent = "Mozilla/5.0 ".repeat(20);
  const many = Array.from({ length: 12 }, (_, index) => {
    return session(`s${index}`, { user: "42", userAgent: agent, ip: "2001:db8::1" });
  });
  await using app = await appWith(many);
  for (const columns of [120, 80, 40]) {
    const { output } = await runAzuOnTerminal(REVOKE, {
      ...app.options,
      columns,
      answer: [{ waitFor: QUESTION.slice(0, 20), type: "n\n" }],
    });
    const rows = output.split("\n").filter((line) => /^(?:[a-z2-7]{12}|Handle) /.test(line));
    strictEqual(rows.length, 11);
    for (const row of rows) ok(row.length < columns, row);
    match(output, /\n… and 2 more\nAre you sure/);
  }
});

Deno.test(
  "--quiet and a redirected answer still show what is asked about",
  needs("script"),
  async () => {
    await using app = await appWith(someSessions());
    const { code, output } = await runAzuOnTerminal([...REVOKE, "--quiet"], {
      ...app.options,
      stdoutTo: "/dev/null",
      answer: [{ waitFor: QUESTION, type: "y\n" }],
    });
    strictEqual(code, 0);
    match(
      output,
      /target sqlite3:\/\/\.\/app\.db \(from DATABASE_URL\), table sessions\nSessions of the/,
    );
    deepStrictEqual(app.names(), [..."cde"]);
  },
);

Deno.test("names from stdin leave nobody to ask, also on a terminal", needs("script"), async () => {
  await using app = await appWith(someSessions());
  const args = ["session:revoke", "--users-from", "-"];
  const piped = await runAzu(args, { ...app.options, stdin: "42\n" });
  strictEqual(piped.code, 2);
  match(piped.stderr, /^error: The names come from stdin, so there is nobody to ask\nPass --force/);
  const { code, output } = await runAzuOnTerminal(args, app.options);
  strictEqual(code, 2);
  match(output, /there is nobody to ask/);
  strictEqual(app.names().length, 5);
  const dry = await runAzu([...args, "--dry-run"], { ...app.options, stdin: "42\n" });
  match(dry.stdout, /^Would revoke 2 session/);
  await Deno.writeTextFile(join(app.path, "users"), "42\n");
  const asked = await runAzuOnTerminal(["session:revoke", "--users-from", "users"], {
    ...app.options,
    answer: [{ waitFor: QUESTION, type: "y\n" }],
  });
  match(asked.output, /Revoked 2 session/);
});
