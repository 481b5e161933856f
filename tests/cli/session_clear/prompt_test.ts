import { doesNotMatch, match, strictEqual } from "node:assert/strict";
import { runAzu, runAzuOnTerminal } from "../../support/cli.ts";
import { sqlite, sqliteCount } from "../../support/servers/database.ts";
import { needs } from "../../support/env.ts";
import { tempDir } from "../../support/temp.ts";

const QUESTION =
  "Are you sure you want to clear all sessions? This will log out all users. [y/N]: ";

async function appWithSessions() {
  const app = await tempDir();
  sqlite(
    app.path,
    "app.db",
    "CREATE TABLE sessions (session_id text)",
    "INSERT INTO sessions VALUES ('a'), ('b')",
  );
  return {
    options: {
      cwd: app.path,
      env: { DATABASE_URL: "sqlite3://./app.db", SESSION_BACKEND: "database" },
    },
    count: () => sqliteCount(app.path, "app.db", "sessions"),
    [Symbol.asyncDispose]: () => app[Symbol.asyncDispose](),
  };
}

Deno.test("without a terminal and without --force: refused, exit 2", async () => {
  await using app = await appWithSessions();
  for (const stdin of [undefined, "y\n"]) {
    const result = await runAzu(["session:clear"], {
      ...app.options,
      ...(stdin === undefined ? {} : { stdin }),
    });
    strictEqual(result.code, 2);
    match(result.stderr, /^error: There is no terminal to ask for confirmation/);
    match(result.stderr, /Pass --force/);
    strictEqual(app.count(), 2);
  }
});

Deno.test("y at a terminal clears", needs("script"), async () => {
  await using app = await appWithSessions();
  const { code, output } = await runAzuOnTerminal(["session:clear"], {
    ...app.options,
    answer: [{ waitFor: QUESTION, type: "y\n" }],
  });
  strictEqual(code, 0);
  match(
    output,
    /selected by SESSION_BACKEND\), environment production \(the default\), target sqlite3:\/\/\.\/app\.db \(from DATABASE_URL\), table sessions\r?\nSessions there now: 2\r?\nAre you sure/,
  );
  match(output, /Cleared 2 session\(s\)/);
  strictEqual(app.count(), 0);
});

for (
  const [name, type] of [["n", "n\n"], ["return", "\n"], ["Ctrl-D", "\x04"], [
    "yess",
    "yess\n",
  ]] as const
) {
  Deno.test(`${name} at a terminal clears nothing, exit 0`, needs("script"), async () => {
    await using app = await appWithSessions();
    const { code, output } = await runAzuOnTerminal(["session:clear"], {
      ...app.options,
      answer: [{ waitFor: QUESTION, type }],
    });
    strictEqual(code, 0);
    match(output, /Nothing was cleared/);
    doesNotMatch(output, /Clearing/);
    strictEqual(app.count(), 2);
  });
}

Deno.test("Ctrl-C at the question clears nothing, exit 130", needs("script"), async () => {
  await using app = await appWithSessions();
  const { code, output } = await runAzuOnTerminal(["session:clear"], {
    ...app.options,
    answer: [{ waitFor: QUESTION, type: "\x03" }],
  });
  strictEqual(code, 130);
  match(output, /Nothing was cleared/);
  doesNotMatch(output, /Clearing/);
  strictEqual(app.count(), 2);
});

Deno.test("who redirects the answer still sees what is asked about", needs("script"), async () => {
  await using app = await appWithSessions();
  const { code, output } = await runAzuOnTerminal(["session:clear"], {
    ...app.options,
    stdoutTo: "/dev/null",
    answer: [{ waitFor: QUESTION, type: "y\n" }],
  });
  strictEqual(code, 0);
  match(output, /target sqlite3:\/\/\.\/app\.db \(from DATABASE_URL\), table sessions/);
  strictEqual(app.count(), 0);
});

Deno.test("colour is for terminals, and NO_COLOR is respected", needs("script"), async () => {
  await using app = await appWithSessions();
  const args = ["session:clear", "--force"];
  const colour = await runAzuOnTerminal(args, {
    ...app.options,
    env: { ...app.options.env, TERM: "xterm" },
  });
  strictEqual(colour.output.includes("\x1b[32m✓"), true);
  const env = { ...app.options.env, TERM: "xterm", NO_COLOR: "1" };
  const plain = await runAzuOnTerminal(["session:setup", "--bogus"], { ...app.options, env });
  strictEqual(plain.output.includes("\x1b"), false);
});
