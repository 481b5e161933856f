/** The document of `--json`, in each outcome: what the reference says is what is there. */
import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { runAzu, runAzuOnTerminal } from "../../support/cli.ts";
import { sqlite } from "../../support/servers/database.ts";
import { needs } from "../../support/env.ts";
import { tempDir } from "../../support/temp.ts";
import { documentedFields } from "../reference.ts";

const CLEAR = ["session:clear", "--backend", "database", "--json"];
const TABLE = "CREATE TABLE sessions (id integer PRIMARY KEY, expires_at text)";
const FILL = "INSERT INTO sessions (id) VALUES (1), (2), (3)";
const KEEP = "CREATE TRIGGER keep BEFORE DELETE ON sessions WHEN OLD.id = 2 " +
  "BEGIN SELECT RAISE(IGNORE); END";

/** What the reference says is of clear, but for what is left out where there is none of it. */
const FIELDS = await documentedFields("session:clear", ["channel", "advice", "error"]);

interface Case {
  readonly statements: readonly string[];
  readonly args: readonly string[];
  readonly counts: readonly [cleared: number, remaining: number | null, arrived: number | null];
  readonly exitCode: number;
}

const CASES: Readonly<Record<string, Case>> = {
  cleared: { statements: [TABLE, FILL], args: ["--force"], counts: [3, 0, 0], exitCode: 0 },
  empty: { statements: [TABLE], args: ["--force"], counts: [0, 0, 0], exitCode: 0 },
  found: { statements: [TABLE, FILL], args: ["--dry-run"], counts: [0, 3, null], exitCode: 0 },
  partial: { statements: [TABLE, FILL, KEEP], args: ["--force"], counts: [2, 1, 0], exitCode: 1 },
  failed: { statements: ["VACUUM"], args: ["--force"], counts: [0, null, null], exitCode: 1 },
  impossible: {
    ...{ statements: [TABLE, FILL], args: ["--force", "--truncate"] },
    ...{ counts: [0, null, null], exitCode: 3 },
  },
};

for (const [outcome, { statements, args, counts, exitCode }] of Object.entries(CASES)) {
  Deno.test(`--json: ${outcome}`, async () => {
    await using app = await tempDir();
    sqlite(app.path, "a.db", ...statements);
    const env = { DATABASE_URL: "sqlite3://./a.db" };
    const { code, stdout } = await runAzu([...CLEAR, ...args], { cwd: app.path, env });
    const { error, ...report } = JSON.parse(stdout);
    deepStrictEqual([report.outcome, report.exitCode, code], [outcome, exitCode, exitCode]);
    deepStrictEqual([report.cleared, report.remaining, report.arrived], counts);
    deepStrictEqual(Object.keys(report).sort(), FIELDS);
    strictEqual(error === undefined, exitCode === 0);
  });
}

for (
  const [key, outcome, exitCode] of [["n\n", "declined", 0], ["\x03", "interrupted", 130]] as const
) {
  Deno.test(`--json: ${outcome}, at the question`, needs("script"), async () => {
    await using app = await tempDir();
    sqlite(app.path, "a.db", TABLE, FILL);
    const env = { DATABASE_URL: "sqlite3://./a.db" };
    const { code, output } = await runAzuOnTerminal(CLEAR, {
      ...{ cwd: app.path, env, answer: [{ waitFor: "[y/N]", type: key }] },
    });
    const report = JSON.parse(/^\{[^]*\}/m.exec(output)?.[0] ?? "");
    deepStrictEqual([report.outcome, report.exitCode, code], [outcome, exitCode, exitCode]);
    deepStrictEqual(Object.keys(report).sort(), FIELDS);
  });
}
