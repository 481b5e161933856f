/** Sessions that remain: kept by the database itself, or brought back by an app. */
import { doesNotMatch, match, strictEqual } from "node:assert/strict";
import type { Engine } from "../../../src/backends/sql/ddl.ts";
import { runAzu } from "../../support/cli.ts";
import {
  freshMariadb,
  freshPostgres,
  sqlite,
  type TestDatabase,
} from "../../support/servers/database.ts";
import { needs } from "../../support/env.ts";
import { tempDir } from "../../support/temp.ts";

const CLEAR = ["session:clear", "--backend", "database", "--force"];

/** A trigger that leaves some rows where they are, and one that puts back what goes. */
const TRIGGERS: Record<Exclude<Engine, "mysql">, { keeps: string[]; restores: string[] }> = {
  postgres: {
    keeps: [
      "CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN " +
      "IF OLD.session_id LIKE 'k%' THEN RETURN NULL; END IF; RETURN OLD; END $$",
      "CREATE TRIGGER keep BEFORE DELETE ON sessions FOR EACH ROW EXECUTE FUNCTION keep()",
    ],
    restores: [
      "CREATE FUNCTION restore() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN " +
      "INSERT INTO sessions VALUES (OLD.*); RETURN NULL; END $$",
      "CREATE TRIGGER restore AFTER DELETE ON sessions FOR EACH ROW EXECUTE FUNCTION restore()",
    ],
  },
  sqlite: {
    keeps: [
      "CREATE TRIGGER keep BEFORE DELETE ON sessions WHEN OLD.session_id LIKE 'k%' " +
      "BEGIN SELECT RAISE(IGNORE); END",
    ],
    restores: [
      "CREATE TRIGGER restore AFTER DELETE ON sessions " +
      "BEGIN INSERT INTO sessions VALUES (OLD.id, OLD.session_id); END",
    ],
  },
};

const ROWS = [
  "CREATE TABLE sessions (id integer PRIMARY KEY, session_id text)",
  "INSERT INTO sessions VALUES (1, 'a'), (2, 'k1'), (3, 'b'), (4, 'k2'), (5, 'k3')",
];

for (const engine of ["postgres", "sqlite"] as const) {
  const has = engine === "postgres" ? needs("postgres") : { ignore: false };
  Deno.test(
    `${engine}: what is kept is not said to come back, nor the other way`,
    has,
    async () => {
      await using app = await tempDir();
      for (
        const [what, said, count] of [
          [
            "keeps",
            /^error: 3 session\(s\) are still there, though the store reported no error$/m,
            2,
          ],
          ["restores", /^error: 5 session\(s\) from before the clear are there again/m, 0],
        ] as const
      ) {
        await using database = engine === "postgres" ? await freshPostgres() : undefined;
        const statements = ["DROP TABLE IF EXISTS sessions", ...ROWS, ...TRIGGERS[engine][what]];
        await prepare(app.path, database, statements);
        const env = { DATABASE_URL: database?.url ?? "sqlite3://./a.db" };
        const { code, stdout, stderr } = await runAzu(CLEAR, { cwd: app.path, env });
        strictEqual(code, 1);
        match(stderr, said);
        doesNotMatch(stdout, /✓/);
        if (count !== undefined) match(stdout, new RegExp(`^Cleared ${count} session`, "m"));
        match(stderr, /session\(s\) are gone, \d remain: running the command again is safe\n$/);
      }
    },
  );
}

async function prepare(folder: string, database: TestDatabase | undefined, statements: string[]) {
  if (database === undefined) sqlite(folder, "a.db", ...statements);
  for (const statement of statements) await database?.query(statement);
}

Deno.test(
  "mysql: a trigger that refuses is reported, with true counts",
  needs("mariadb"),
  async () => {
    await using database = await freshMariadb();
    await using app = await tempDir();
    await database.query(ROWS[0]?.replace("text", "varchar(255)") ?? "");
    await database.query(ROWS[1] ?? "");
    await database.query(
      "CREATE TRIGGER keep BEFORE DELETE ON sessions FOR EACH ROW " +
        "IF OLD.session_id LIKE 'k%' THEN SIGNAL SQLSTATE '45000' " +
        "SET MESSAGE_TEXT = 'very-secret'; END IF",
    );
    const options = { cwd: app.path, env: { DATABASE_URL: database.url } };
    const { code, stdout, stderr } = await runAzu([...CLEAR, "--batch", "1"], options);
    strictEqual(code, 1);
    doesNotMatch(stdout + stderr, /very-secret|✓/);
    match(stdout, /^Cleared 1 session\(s\), then failed$/m);
    match(stderr, /^1 session\(s\) are gone; it is not known how many remain/m);
  },
);
