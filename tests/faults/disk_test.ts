/** A full disk: under a SQLite file, or under a table that triggers write to. */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { freshMariadb, freshPostgres } from "../support/servers/database.ts";
import { needs } from "../support/env.ts";
import { startMariadb } from "../support/servers/mariadb.ts";
import { startPostgres } from "../support/servers/postgres.ts";
import { type SmallDisk, smallDisk } from "../support/small_disk.ts";
import { mysql, postgres, sqlSubject } from "./sql_subjects.ts";
import { sqlitePlace } from "./sqlite_place.ts";
import { clear, type Place } from "./sweep.ts";

/** A clear says that the disk is full, and how many sessions are gone. The next one removes the rest. */
async function clearWhileFull(place: Place, disk: SmallDisk, room?: number): Promise<number> {
  const total = await place.fill();
  const neighbours = await place.neighbours();
  const { outcome, cleared, error } = await disk.filled(
    () => clear({ ...place, batch: 100 }),
    room,
  );
  strictEqual(outcome, "failed");
  match(error?.message ?? "", /^The database's disk (?:is|failed, or is) full/);
  match(error?.hint ?? "", /^Free some space.*safe/s);
  const left = await place.sessions();
  strictEqual(total - left, cleared, error?.message);
  ok(left > 0);
  deepStrictEqual(await place.neighbours(), neighbours);
  const again = await clear(place);
  deepStrictEqual([again.outcome, again.cleared], ["cleared", left]);
  return cleared;
}

for (const journal of ["wal", "delete"] as const) {
  Deno.test(`sqlite (${journal}): a full disk is said, and the counts are true`, async () => {
    await using disk = await smallDisk(3);
    if (disk === undefined) return;
    await using place = await sqlitePlace(journal, disk.path);
    await clearWhileFull(place, disk);
  });
}

/** Triggers that write two kilobytes to the small disk for each removed session. */
const LOGGING = {
  postgres: (path: string) => [
    // The tablespace needs a folder of the server's user. No row is sent: mkdir reads none.
    `COPY (SELECT WHERE false) TO PROGRAM 'mkdir ${path}/space'`,
    `CREATE TABLESPACE azu_small LOCATION '${path}/space'`,
    "CREATE TABLE log (line text) TABLESPACE azu_small",
    "ALTER TABLE log ALTER line SET STORAGE EXTERNAL",
    "CREATE FUNCTION log() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN " +
    "INSERT INTO log VALUES (repeat('x', 2000)); RETURN NULL; END $$",
    "CREATE TRIGGER log AFTER DELETE ON sessions FOR EACH ROW EXECUTE FUNCTION log()",
  ],
  mysql: (path: string) => [
    `CREATE TABLE log (line text) DATA DIRECTORY = '${path}'`,
    "CREATE TRIGGER log AFTER DELETE ON sessions FOR EACH ROW " +
    "INSERT INTO log VALUES (repeat('x', 2000))",
  ],
};

/** Each test has its own server, which may end when its disk is full. */
const SERVERS = [
  [postgres, needs("postgres-server"), startPostgres, freshPostgres],
  [mysql, needs("mariadb-server"), startMariadb, freshMariadb],
] as const;

for (const [dialect, options, start, makeDatabase] of SERVERS) {
  const { engine } = dialect;
  Deno.test(`${engine}: a full disk is said, and the counts are true`, options, async () => {
    await using disk = await smallDisk(32); // MariaDB allocates 4 MiB at a time
    if (disk === undefined) return;
    await using server = await start();
    const database = await makeDatabase(server.url);
    await using place = await sqlSubject({
      ...dialect,
      empty: "TRUNCATE", // which runs no triggers
      fresh: () => Promise.resolve(database),
    });
    for (const line of LOGGING[engine](disk.path)) await database.query(line);
    ok(await clearWhileFull(place, disk, 850_000) > 0);
  });
}
