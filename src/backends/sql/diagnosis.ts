/** The checks of `session:doctor` on a database. What only one kind can tell is its own. */
import { roughly } from "../../core/duration.ts";
import { AzuError, messageOf } from "../../core/errors.ts";
import { listed, printable } from "../../core/text.ts";
import {
  type Check,
  failure,
  makeChecks,
  number,
  ok,
  once,
  type Outcome,
  skipped,
  warning,
} from "../checks.ts";
import type { DiagnosisOptions, StoreCheckId } from "../diagnosis.ts";
import { clockCheck, latencyCheck } from "../server_checks.ts";
import { addIndexStatement, concurrently, tableChanges, type TableShape } from "./alter.ts";
import type { DatabaseTarget } from "./backend.ts";
import { selectTime, timeIn } from "./column_values.ts";
import { NEEDED_COLUMNS } from "./ddl.ts";
import { countIn } from "./errors.ts";
import { hasRows, type Reference } from "./foreign_keys.ts";
import { bindLayout, type BoundLayout, type TimeColumn } from "./layout.ts";
import { planOf } from "./plan.ts";
import type { RowTable } from "./rows.ts";
import { contextOf } from "./selected.ts";
import type { SqlEngine, SqlSession, TableState } from "./store.ts";

/** What only one kind of database can tell. */
export interface EngineDiagnosis {
  /** Its own checks: rights, triggers, references and so on. */
  readonly checks: readonly Check[];
  /** The server's time, in milliseconds since 1970. Missing if it has no clock of its own. */
  clock?(): Promise<number>;
  /** What is wrong with the type of a column of times; undefined if nothing is. */
  typeProblem(column: TimeColumn): Promise<Outcome>;
}

/** Rows from which a statement that reads the whole table is felt by others. */
const MANY_ROWS = 100_000;

/** @throws the signal's reason. */
export async function diagnoseTable<Session extends SqlSession>(
  engine: SqlEngine<Session>,
  session: Session,
  options: DiagnosisOptions,
): Promise<void> {
  const { target } = session;
  const { signal, now } = options;
  const shape = once(() => engine.shape(session, signal));
  const state = once(() => engine.tableState(session, true));
  const own = await engine.diagnosis(session, state);
  const table = once(async () => {
    const rows = await engine.readRows(session, signal);
    const { layout } = contextOf(target, []);
    return { rows, layout: bindLayout(layout, rows.columns, rows.dialect, target) };
  });
  const query = (sql: string) => engine.query(session, sql, signal);
  const unique = once(async () => (await engine.writableRows(session, signal)).unique);
  const isOwn = target.layout === undefined;
  const { clock } = own;
  const explain = (error: unknown) => {
    return messageOf(error) === WOULD_READ_ALL ? error : engine.explain(error, target);
  };
  let mayRead = true;
  const serverChecks: Check[] = [
    ...own.checks.filter(([id]) => !isOfTable(id)),
    ...(clock === undefined ? [] : [
      ["reach.latency", () => latencyCheck(() => query("SELECT 1 AS one"))],
      ["reach.clock", () => clockCheck(clock, now)],
    ] satisfies Check[]),
  ];
  await makeChecks(serverChecks, {
    ...options,
    onFinding(finding) {
      if (finding.id === "rights.list" && finding.status === "failure") mayRead = false;
      options.onFinding(finding);
    },
  }, explain);
  const tableChecks: Check[] = [
    ["table.shape", async () => await shapeCheck(shape, table, unique, target)],
    ["table.expiry-index", async () => {
      const { layout: { times } } = await table();
      return indexCheck(times.expiresAt, await shape(), await state(), target);
    }],
    ["table.columns", async () => isOwn ? columnsCheck(await shape(), target) : undefined],
    ["table.time-zone", async () => {
      const { rows, layout } = await table();
      return await timeZoneCheck(rows, layout, query, own, now().getTime());
    }],
    ["table.backlog", async () => {
      const { rows, layout } = await table();
      const isIndexed = isIndexedBy(layout.times.expiresAt, await shape());
      const count = rowsIn(await state());
      if (!isIndexed && count > MANY_ROWS) throw new Error(WOULD_READ_ALL);
      return await backlogCheck(rows, layout, query, target, count, now().getTime());
    }],
    ...own.checks.filter(([id]) => isOfTable(id)),
  ];
  const possible = mayRead
    ? tableChecks
    : tableChecks.map(([id]): Check => [id, () => skipped("this user may not read the table")]);
  await makeChecks(possible, options, explain);
}

function isOfTable(id: StoreCheckId): boolean {
  return id.startsWith("table.");
}

const WOULD_READ_ALL = "without an index on the expiry, it would read the whole table";

function rowsIn({ figures }: TableState): number {
  return figures.sessions?.value ?? 0;
}

/** @param table Throws if it is no table, or lacks a column that the layout of the config names. */
async function shapeCheck(
  shape: () => Promise<TableShape | undefined>,
  table: () => Promise<unknown>,
  unique: () => Promise<readonly string[]>,
  target: DatabaseTarget,
): Promise<Outcome> {
  const found = await shape();
  const names = found?.columns.map((column) => column.name.toLowerCase()) ?? [];
  const isOwn = target.layout === undefined;
  const missing = isOwn ? NEEDED_COLUMNS.filter((column) => !names.includes(column)) : [];
  const name = printable(target.tableText);
  if (found !== undefined && missing.length > 0) {
    return failure(
      `the table ${name} has no column ${listed(missing, "or")}`,
      "Name the right table in session.backends.database.table, or describe this one by layout",
    );
  }
  try {
    await table();
  } catch (error) {
    if (error instanceof AzuError) return failure(error.message, error.hint);
    throw error;
  }
  if (isOwn && !(await unique()).some((column) => column.toLowerCase() === "session_id")) {
    return warning(
      `the table ${name} has no unique index on session_id: an id can be there twice`,
      "Remove rows that are there twice, and create a unique index on session_id",
    );
  }
  return ok(
    isOwn
      ? `the table ${name} has the columns of a session`
      : `the table ${name} has the columns that layout in the config names`,
  );
}

function isIndexedBy(column: TimeColumn | undefined, shape: TableShape | undefined): boolean {
  return shape?.indexed.some((name) => name.toLowerCase() === column?.name.toLowerCase()) ?? false;
}

function indexCheck(
  column: TimeColumn | undefined,
  shape: TableShape | undefined,
  state: TableState,
  { engine }: DatabaseTarget,
): Outcome {
  if (column === undefined || shape === undefined) return undefined;
  if (isIndexedBy(column, shape)) return ok(`an index begins with ${printable(column.name)}`);
  const statement = addIndexStatement(engine, shape.table, column.name);
  const rows = rowsIn(state);
  const evidence = `no index begins with ${printable(column.name)}, so each removal of expired ` +
    `sessions reads all rows (about ${number(rows)})`;
  const fix = engine === "postgres" ? concurrently(statement) : statement;
  return rows >= MANY_ROWS ? failure(evidence, fix) : warning(evidence, fix);
}

function columnsCheck(shape: TableShape | undefined, target: DatabaseTarget): Outcome {
  if (shape === undefined) return undefined;
  const names = shape.columns.map((column) => column.name.toLowerCase());
  const wanted = target.recorded.map(({ name }) => name);
  const missing = wanted.filter((name) => !names.includes(name));
  if (missing.length > 0) {
    return failure(`there is no column ${listed(missing, "or")}, which the app writes`);
  }
  try {
    tableChanges(target, shape);
  } catch (error) {
    return failure(messageOf(error), "Change the type of the column, or session.user.type");
  }
  const unindexed = target.recorded.filter(({ name, isIndexed }) => {
    return isIndexed && !shape.indexed.some((column) => column.toLowerCase() === name);
  });
  return unindexed.length === 0 ? ok(`the table has ${listed(wanted, "and")}`) : warning(
    `there is no index on ${listed(unindexed.map(({ name }) => name), "or")}: a search by it ` +
      "reads all rows",
  );
}

/** Rows that are looked at. */
const SAMPLE = 100;

/** Milliseconds. The smallest difference of two time zones is 15 minutes. */
const ZONE = 900_000;

/** Looks at the newest rows, or at some rows if no key tells which these are. */
async function timeZoneCheck(
  { from, dialect, key }: RowTable,
  { times }: BoundLayout,
  query: (sql: string) => Promise<readonly Readonly<Record<string, unknown>>[]>,
  own: EngineDiagnosis,
  now: number,
): Promise<Outcome> {
  const { createdAt } = times;
  const columns = Object.values(times);
  if (columns.length === 0) return undefined;
  if (createdAt !== undefined) {
    const value = selectTime(createdAt, dialect);
    // A row's place is no index, so to order by it would read the whole table.
    const isIndexed = key.columns.length > 0 && key.columns[0] !== "tableoid";
    const order = isIndexed
      ? ` ORDER BY ${key.columns.map((name) => `${name} DESC`).join(", ")}`
      : "";
    const rows = await query(`SELECT ${value} AS created FROM ${from}${order} LIMIT ${SAMPLE}`);
    const created = rows.map(({ created }) => timeIn(created, createdAt, dialect));
    const later = created.filter((time) => time !== null && time > now + ZONE);
    if (later.length > 0) {
      const ahead = Math.max(...later.map((time) => time ?? 0)) - now;
      return failure(
        `${later.length} of ${rows.length} rows looked at were created in the future, by up to ` +
          `${roughly(ahead)}: they are not stored as UTC`,
      );
    }
    const unreadable = created.filter((time) => time === null).length;
    if (unreadable > 0) {
      return warning(`${unreadable} of ${rows.length} rows looked at have no readable time`);
    }
  }
  for (const column of columns) {
    const problem = column.unit === undefined ? await own.typeProblem(column) : undefined;
    if (problem !== undefined) return problem;
  }
  return ok(columns.map(({ name, type }) => `${printable(name)}: ${printable(type)}`).join(", "));
}

/** Expired rows that a cleanup every few minutes may leave. */
const FEW_EXPIRED = 1000;

/** Expired rows that are counted at most. */
const MANY_EXPIRED = 10_000;

/** Milliseconds since the first one expired. The app removes them every few minutes. */
const ABANDONED = 86_400_000;

async function backlogCheck(
  { from, dialect }: RowTable,
  layout: BoundLayout,
  query: (sql: string) => Promise<readonly Readonly<Record<string, unknown>>[]>,
  target: DatabaseTarget,
  rows: number,
  now: number,
): Promise<Outcome> {
  const { expiresAt } = layout.times;
  if (expiresAt === undefined) return undefined;
  const { where } = planOf([{ fact: "expiresAt", before: now }], layout, dialect, target);
  const some = `SELECT 1 FROM ${from} WHERE ${where} LIMIT ${MANY_EXPIRED}`;
  const [row] = await query(`SELECT count(*) AS found FROM (${some}) AS expired_rows`);
  const expired = countIn(row, "found");
  const most = expired === MANY_EXPIRED ? `at least ${number(expired)}` : number(expired);
  const evidence = `${most} of about ${number(Math.max(rows, expired))} sessions have expired`;
  if (expired < FEW_EXPIRED) return ok(evidence);
  const first = selectTime(expiresAt, dialect, `min(${dialect.quote(expiresAt.name)})`);
  const [oldest] = await query(`SELECT ${first} AS first FROM ${from}`);
  const age = now - (timeIn(oldest?.["first"], expiresAt, dialect) ?? now);
  const since = `${evidence}, the first one ${roughly(age)} ago`;
  return expired === MANY_EXPIRED && age > ABANDONED
    ? failure(`${since}: nothing removes them, and the table grows`)
    : warning(since);
}

/** @param query Runs a SELECT, and gives up soon. */
export async function referencesCheck(
  references: readonly Reference[],
  query: (sql: string) => Promise<readonly Readonly<Record<string, unknown>>[]>,
  isDenied: (error: unknown) => boolean,
): Promise<Outcome> {
  if (references.length === 0) return ok("no other table has a foreign key to it");
  for (const reference of references) {
    const { table, action } = reference;
    if (!await hasRows(reference, query, isDenied)) continue;
    return failure(
      `rows of ${printable(table)} refer to sessions: ` +
        (action === undefined ? "the database refuses to remove those" : `ON DELETE ${action}`),
    );
  }
  const names = references.map(({ table }) => printable(table));
  return warning(`${listed(names, "and")} may refer to sessions, but no row does`);
}
