/** What only PostgreSQL can tell for `session:doctor`: it asks the catalog. */
import { type Check, failure, number, ok, once, type Outcome, warning } from "../checks.ts";
import { listed, printable } from "../../core/text.ts";
import { quoteIdentifier, quoteText } from "../sql/ddl.ts";
import { type EngineDiagnosis, referencesCheck } from "../sql/diagnosis.ts";
import { valueIn } from "../sql/errors.ts";
import type { TimeColumn } from "../sql/layout.ts";
import type { TableState } from "../sql/store.ts";
import { isDenied, postgresReferences, tree } from "./foreign_keys.ts";
import { inspectPostgresTable } from "./inspect_table.ts";
import { type Limits, type PostgresSession, QUICK } from "./session.ts";

/** To see whether a row refers to a session may mean to read another table. */
const SOON: Limits = { statement: 1000, lock: 500 };

export function postgresDiagnosis(
  session: PostgresSession,
  state: () => Promise<TableState>,
): EngineDiagnosis {
  const rows = async (sql: string, limits = QUICK) => (await session.run(sql, limits)).rows;
  const table = once(() => inspectPostgresTable(session));
  const rights = once(() => rightsOf(session));
  const removing = async () => removalCheck(await rights());
  const checks: Check[] = [
    ["reach.login", async () => {
      const [row] = await rows('SELECT current_user::text AS "user", version() AS version');
      const version = /^\S+ \S+/.exec(String(row?.["version"]))?.[0] ?? "";
      return ok(`logged in as ${printable(String(row?.["user"]))} at ${printable(version)}`);
    }],
    ["rights.list", async () => readingCheck(await rights())],
    ["rights.revoke", removing],
    ["rights.clear", removing],
    ["rights.sweep", removing],
    [
      "table.dead-rows",
      async () => await deadRowsCheck(session, (await table()).oid, await state()),
    ],
    ["table.triggers", async () => triggersCheck(session, (await table()).oid)],
    ["table.references", async () => {
      const references = await postgresReferences(session, (await table()).oid);
      return await referencesCheck(references, (sql) => rows(sql, SOON), isDenied);
    }],
    ["table.replica-identity", async () => await identityCheck(session, (await table()).oid)],
  ];
  return {
    checks,
    async clock() {
      const [row] = await rows(
        "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::text AS now",
      );
      return Number(valueIn(row, "now"));
    },
    typeProblem: (column) => typeProblem(session, column),
  };
}

interface Rights {
  /** The table as the user writes it, and the user, in SQL. */
  readonly table: string;
  readonly user: string;
  /** The schema of the table in SQL, if the user may not use it. */
  readonly closedSchema: string | undefined;
  readonly select: boolean;
  readonly delete: boolean;
  readonly isHidden: boolean;
  readonly isReadOnly: boolean;
}

/**
 * Asks only the catalog, which everybody may read. A schema that the user may not use hides its
 * tables from `search_path`, so the path is read as a text.
 */
async function rightsOf(session: PostgresSession): Promise<Rights> {
  const { schema, name } = session.target.table;
  const path = "string_to_array(replace(replace(replace(current_setting('search_path'), " +
    "'\"$user\"', current_user), '\"', ''), ' ', ''), ',')";
  const isMeant = schema === undefined
    ? `n.nspname::text = ANY (${path})`
    : `n.nspname = ${quoteText(schema)}`;
  const { rows: [row] } = await session.run(
    "SELECT c.oid::regclass::text AS table, quote_ident(n.nspname) AS schema, " +
      "current_user::text AS \"user\", has_schema_privilege(n.oid, 'USAGE') AS usage, " +
      "has_table_privilege(c.oid, 'SELECT') AS can_select, " +
      "has_table_privilege(c.oid, 'DELETE') AS can_delete, " +
      "row_security_active(c.oid) AS hidden, " +
      "current_setting('transaction_read_only') = 'on' AS read_only " +
      "FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace " +
      `WHERE c.relname = ${quoteText(name)} AND c.relkind IN ('r', 'p') AND ${isMeant} ` +
      `ORDER BY has_schema_privilege(n.oid, 'USAGE') DESC, ` +
      `array_position(${path}, n.nspname::text) LIMIT 1`,
  );
  if (row === undefined) throw new Error(NO_TABLE);
  return {
    table: String(row["table"]),
    user: quoteIdentifier("postgres", String(row["user"])),
    closedSchema: row["usage"] === true ? undefined : String(row["schema"]),
    select: row["can_select"] === true,
    delete: row["can_delete"] === true,
    isHidden: row["hidden"] === true,
    isReadOnly: row["read_only"] === true,
  };
}

const NO_TABLE = "there is no such table";

function readingCheck(rights: Rights): Outcome {
  return granted(rights, rights.select ? [] : ["SELECT"]) ?? ok(`${rights.user} has SELECT`);
}

function removalCheck(rights: Rights): Outcome {
  const missing = [
    ...(rights.select ? [] : ["SELECT"]),
    ...(rights.delete ? [] : ["DELETE"]),
  ];
  const problem = granted(rights, missing);
  if (problem !== undefined) return problem;
  return rights.isReadOnly
    ? failure(
      "the database is read-only",
      "Use the URL of the primary, or check default_transaction_read_only",
    )
    : ok(`${rights.user} has SELECT and DELETE`);
}

/** @returns undefined if nothing is missing. */
function granted(
  { table, user, closedSchema, isHidden }: Rights,
  missing: readonly string[],
): Outcome {
  const grants = [
    ...(closedSchema === undefined ? [] : [`GRANT USAGE ON SCHEMA ${closedSchema} TO ${user}`]),
    ...(missing.length === 0 ? [] : [`GRANT ${missing.join(", ")} ON ${table} TO ${user}`]),
  ];
  const lacks = [...(closedSchema === undefined ? [] : ["USAGE of the schema"]), ...missing];
  if (lacks.length > 0) return failure(`${user} lacks ${listed(lacks, "and")}`, grants.join("; "));
  return isHidden
    ? failure(`row-level security hides rows from ${user}`, `ALTER ROLE ${user} BYPASSRLS`)
    : undefined;
}

/** Dead rows that autovacuum leaves in a table of any size. */
const MANY_DEAD = 10_000;

async function deadRowsCheck(
  session: PostgresSession,
  oid: string,
  { figures, properties }: TableState,
): Promise<Outcome> {
  const dead = figures.deadRows?.value ?? 0;
  const live = figures.sessions?.value ?? 0;
  const { rows: [row] } = await session.run(
    "SELECT c.oid::regclass::text AS table, current_setting('autovacuum') = 'off' AS never, " +
      "'autovacuum_enabled=false' = ANY (c.reloptions) AS off " +
      `FROM pg_class c WHERE c.oid = ${oid}`,
  );
  const name = String(row?.["table"]);
  const isOff = row?.["off"] === true || row?.["never"] === true;
  const enable = row?.["never"] === true
    ? "ALTER SYSTEM SET autovacuum = on"
    : `ALTER TABLE ${name} RESET (autovacuum_enabled)`;
  const evidence = `about ${number(dead)} dead rows and ${number(live)} live ones, ` +
    `vacuumed ${properties["vacuum"]}`;
  const isBloated = dead > MANY_DEAD && dead > live;
  if (isOff && isBloated) {
    return failure(`${evidence}; autovacuum is off`, `${enable}; VACUUM ${name}`);
  }
  if (isOff) return warning(`${evidence}; autovacuum is off`, enable);
  return isBloated ? warning(evidence, `VACUUM ${name}`) : ok(evidence);
}

async function triggersCheck(session: PostgresSession, oid: string): Promise<Outcome> {
  const { rows: rules } = await session.run(
    `SELECT r.rulename::text AS name FROM pg_rewrite r WHERE r.ev_class = ${oid} ` +
      "AND r.ev_type = '4' AND r.ev_enabled <> 'D'",
  );
  const names = (rows: typeof rules) => {
    return listed(rows.map(({ name }) => printable(String(name))), "and");
  };
  if (rules.length > 0) {
    return failure(
      `the rule ${names(rules)} changes what a DELETE does, so azu removes nothing`,
      "Drop the rule, or disable it",
    );
  }
  // Bit 8 of tgtype: on DELETE.
  const { rows: triggers } = await session.run(
    `${tree(oid)} SELECT DISTINCT t.tgname::text AS name FROM pg_trigger t WHERE t.tgrelid IN ` +
      "(SELECT oid FROM tree) AND NOT t.tgisinternal AND t.tgenabled <> 'D' " +
      "AND t.tgtype::int & 8 = 8 ORDER BY 1",
  );
  return triggers.length > 0
    ? warning(`the trigger ${names(triggers)} runs when sessions are removed`)
    : ok("no trigger or rule runs on DELETE");
}

async function identityCheck(session: PostgresSession, oid: string): Promise<Outcome> {
  const { rows: [row] } = await session.run(
    "SELECT c.oid::regclass::text AS table, c.relreplident::text AS identity, " +
      "EXISTS (SELECT 1 FROM pg_index i WHERE i.indrelid = c.oid AND i.indisprimary) AS keyed, " +
      "(SELECT string_agg(p.pubname::text, ', ' ORDER BY p.pubname) FROM pg_publication p " +
      "JOIN pg_publication_tables t ON t.pubname = p.pubname JOIN pg_namespace n " +
      "ON n.nspname = t.schemaname WHERE p.pubdelete AND n.oid = c.relnamespace " +
      `AND t.tablename = c.relname) AS publications FROM pg_class c WHERE c.oid = ${oid}`,
  );
  const publications = valueIn(row, "publications");
  if (publications === null) return ok("it is not published");
  const published = `it is published by ${printable(String(publications))}`;
  const identity = String(row?.["identity"]);
  const isKeyed = row?.["keyed"] === true;
  const name = String(row?.["table"]);
  if (identity === "n" || (identity === "d" && !isKeyed)) {
    return failure(
      `${published} without a replica identity, so no row can be removed`,
      isKeyed
        ? `ALTER TABLE ${name} REPLICA IDENTITY DEFAULT`
        : `ALTER TABLE ${name} REPLICA IDENTITY FULL, or add a primary key`,
    );
  }
  return identity === "f"
    ? warning(
      `${published}, and each removed row is logged whole (REPLICA IDENTITY FULL)`,
      isKeyed ? `ALTER TABLE ${name} REPLICA IDENTITY DEFAULT` : "Add a primary key",
    )
    : ok(`${published}, and has a replica identity`);
}

/** A timestamp without a time zone is in the zone of whoever reads it. */
async function typeProblem(
  session: PostgresSession,
  { name, type }: TimeColumn,
): Promise<Outcome> {
  if (type !== "timestamp") return undefined;
  const { rows: [row] } = await session.run("SHOW TimeZone");
  const zone = String(Object.values(row ?? {})[0]);
  const evidence = `${printable(name)} is a timestamp without time zone`;
  const fix = `ALTER TABLE … ALTER COLUMN ${quoteIdentifier("postgres", name)} ` +
    `TYPE timestamptz USING ${quoteIdentifier("postgres", name)} AT TIME ZONE 'UTC'`;
  return /^(?:Etc\/)?(?:UTC|UCT|GMT|Zulu)$/i.test(zone)
    ? warning(`${evidence}: it is right as long as all use UTC`, fix)
    : failure(`${evidence}, and the time zone of connections is ${printable(zone)}`, fix);
}
