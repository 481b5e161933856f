/** The documents of the commands without such a test of their own have the documented fields. */
import { deepStrictEqual } from "node:assert/strict";
import { runAzu } from "../support/cli.ts";
import { createStatements } from "../../src/backends/sql/ddl.ts";
import { tempDir, writeTree } from "../support/temp.ts";
import { documentedFields, versionFields } from "./reference.ts";
import { appWith, someSessions } from "./sessions.ts";

async function fieldsOf(cwd: string, ...args: string[]): Promise<string[]> {
  const env = { DATABASE_URL: "sqlite3://./app.db" };
  const { stdout } = await runAzu([...args, "--json"], { cwd, env });
  return Object.keys(JSON.parse(stdout)).sort();
}

Deno.test("the document of session:sweep has the fields that the reference lists", async () => {
  const omitted = ["channel", "error", "advice", "schedule"];
  const documented = await documentedFields("session:sweep", omitted);
  await using app = await appWith(someSessions());
  for (const more of [["--dry-run"], []]) {
    const fields = await fieldsOf(app.path, "session:sweep", "--backend", "database", ...more);
    deepStrictEqual(fields, documented);
  }
});

Deno.test("the document of session:copy has the fields that the reference lists", async () => {
  const documented = await documentedFields("session:copy", ["error", "schedule"]);
  await using app = await appWith(someSessions());
  await writeTree(app.path, {
    "azu.config.ts": 'export default { session: { backends: { other: { type: "database", ' +
      'url: "sqlite3://./app.db", table: "others" } } } };',
  });
  app.run(
    createStatements("sqlite", { name: "others" }).map((lines) => lines.join("\n")).join(";"),
  );
  const command = ["session:copy", "--from", "database", "--to", "other", "--ledger", "ledger"];
  for (const more of ["--dry-run", "--force"]) {
    deepStrictEqual(await fieldsOf(app.path, ...command, more), documented);
  }
});

Deno.test("the documents of init and setup have the fields that the reference lists", async () => {
  await using app = await tempDir();
  const init = await documentedFields("init", ["error"]);
  deepStrictEqual(await fieldsOf(app.path, "init", "--backend", "database"), init);
  const setup = await documentedFields("session:setup", ["error"]);
  deepStrictEqual(await fieldsOf(app.path, "session:setup", "--apply"), setup);
  const usual = setup.filter((name) => !["environment", "environmentFrom"].includes(name));
  deepStrictEqual(await fieldsOf(app.path, "session:setup"), usual);
});

Deno.test("the documents of session:secret have the fields that the reference lists", async () => {
  await using app = await tempDir();
  await writeTree(app.path, { "shard.yml": "name: shop\n", ".gitignore": ".env\n" });
  const seen = new Set(["error"]);
  for (const args of [[], ["--write"], ["--check"]]) {
    for (const name of await fieldsOf(app.path, "session:secret", ...args)) seen.add(name);
  }
  deepStrictEqual([...seen].sort(), await documentedFields("session:secret"));
});

Deno.test("the documents of completion and --version have the fields that the reference lists", async () => {
  await using folder = await tempDir();
  const completion = await documentedFields("completion", ["error", "durationMs"]);
  deepStrictEqual(await fieldsOf(folder.path, "completion", "bash"), completion);
  deepStrictEqual(await fieldsOf(folder.path, "--version"), await versionFields());
});
