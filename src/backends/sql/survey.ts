/** The state of a table: counts and a sample of its rows, and what the server knows of it. */
import { ImpossibleError } from "../../core/errors.ts";
import type { Selection } from "../../core/selection.ts";
import type { SessionInfo } from "../contract.ts";
import { Pace } from "../pace.ts";
import {
  exactly,
  type Figure,
  type FigureName,
  type Figures,
  SAMPLE,
  type Survey,
  type SurveyOptions,
} from "../survey.ts";
import type { DatabaseTarget } from "./backend.ts";
import { nobodySql, selectTime, timeIn } from "./column_values.ts";
import { type Row, sumIn } from "./errors.ts";
import { bindLayout, type BoundLayout, type Dialect } from "./layout.ts";
import { planOf } from "./plan.ts";
import { checkUnits, pathWarnings } from "./plausible.ts";
import { retrying } from "./retry.ts";
import type { RowTable } from "./rows.ts";
import { contextOf, SelectedRows, type SelectionContext } from "./selected.ts";
import type { SqlEngine, SqlSession } from "./store.ts";

export async function surveyTable<Session extends SqlSession>(
  engine: SqlEngine<Session>,
  session: Session,
  { signal, now, isQuick, budget = {}, onProgress }: SurveyOptions,
): Promise<Survey> {
  const context = contextOf(session.target, []);
  const pace = new Pace(budget, engine.pace);
  const retry = retrying(session, engine.faultOf, signal, pace, () => onProgress?.(0));
  const state = await retry(() => engine.tableState(session, isQuick));
  const table = await retry(() => engine.readRows(session, signal));
  const { layout, target } = context;
  if (layout.isConfigured) await retry(() => checkUnits(table, layout, target));
  const counts = countsOf(table, context, now);
  const counted = isQuick ? undefined : counts.valueIn(
    await retry(() => engine.aggregate(session, signal, onProgress, counts.columns)),
  );
  signal.throwIfAborted();
  const sample = await retry(() => sampleOf(table, context));
  return {
    ...state,
    ...counted,
    figures: { ...state.figures, ...counted?.figures },
    warnings: [...state.warnings, ...pathWarnings(layout, sample)],
    sample,
  };
}

/** Aggregates in SQL, and what follows from them. */
interface Aggregates<Value> {
  readonly columns: readonly string[];
  /** @param parts The aggregates of each part of the table: a row for each statement. */
  valueIn(parts: readonly Row[]): Value;
}

/** What one walk over the table counts. */
function countsOf(
  table: RowTable,
  { layout, target }: SelectionContext,
  now: number,
): Aggregates<Pick<Survey, "figures" | "created">> {
  const { dialect } = table;
  const bound = bindLayout(layout, table.columns, dialect, target);
  const selections = selectionCounts(bound, dialect, target, now);
  const users = userCounts(bound, dialect);
  const range = createdRange(bound, dialect);
  return {
    columns: ["count(*) AS found", ...selections.columns, ...users.columns, ...range.columns],
    valueIn(parts) {
      const figures = {
        sessions: exactly(sumIn(parts, "found")),
        ...selections.valueIn(parts),
        ...users.valueIn(parts),
      };
      const created = range.valueIn(parts);
      return created === undefined ? { figures } : { figures, created };
    },
  };
}

/** Figures that are the number of sessions of a selection. SQL may be able to count them. */
function countable(now: number): readonly (readonly [FigureName, Selection])[] {
  return [
    ["expired", [{ fact: "expiresAt", before: now }]],
    ["endless", [{ fact: "expiresAt", isNull: true }]],
    ["loggedIn", [{ fact: "user", isNull: false }]],
    ["anonymous", [{ fact: "user", isNull: true }]],
  ];
}

function selectionCounts(
  layout: BoundLayout,
  dialect: Dialect,
  target: DatabaseTarget,
  now: number,
): Aggregates<Figures> {
  const aliases = new Map<FigureName, string>();
  const columns: string[] = [];
  for (const [name, selection] of countable(now)) {
    const where = whereOf(selection, layout, dialect, target);
    if (where === undefined) continue;
    const alias = `count_${name.toLowerCase()}`;
    aliases.set(name, alias);
    columns.push(`count(CASE WHEN ${where} THEN 1 END) AS ${alias}`);
  }
  return {
    columns,
    valueIn(parts) {
      const figures: { [Name in FigureName]?: Figure } = {};
      for (const [name, alias] of aliases) figures[name] = exactly(sumIn(parts, alias));
      return figures;
    },
  };
}

/** A selection as SQL; undefined if SQL alone cannot tell it, or the table cannot at all. */
function whereOf(
  selection: Selection,
  layout: BoundLayout,
  dialect: Dialect,
  target: DatabaseTarget,
): string | undefined {
  try {
    const { where, rest } = planOf(selection, layout, dialect, target);
    return rest.length === 0 ? where : undefined;
  } catch (error) {
    if (error instanceof ImpossibleError) return undefined;
    throw error;
  }
}

/** Who is logged in, as the user's column of setup's own table tells it. */
function userCounts(
  { texts: { user }, isConfigured }: BoundLayout,
  dialect: Dialect,
): Aggregates<Figures> {
  if (user === undefined || isConfigured) return { columns: [], valueIn: () => ({}) };
  return {
    columns: [
      `count(CASE WHEN ${nobodySql(user, dialect)} THEN 1 END) AS nobodies`,
      `count(CASE WHEN ${dialect.quote(user.name)} IS NULL THEN 1 END) AS untold_users`,
    ],
    valueIn(parts) {
      // Only the payload of such a row tells its user.
      if (sumIn(parts, "untold_users") > 0) return {};
      const anonymous = sumIn(parts, "nobodies");
      return {
        loggedIn: exactly(sumIn(parts, "found") - anonymous),
        anonymous: exactly(anonymous),
      };
    },
  };
}

/** When the first and the last session were created. */
function createdRange(
  { times: { createdAt } }: BoundLayout,
  dialect: Dialect,
): Aggregates<Survey["created"]> {
  if (createdAt === undefined) return { columns: [], valueIn: () => undefined };
  const extreme = (aggregate: "min" | "max") => {
    const value = `${aggregate}(${dialect.quote(createdAt.name)})`;
    return `${selectTime(createdAt, dialect, value)} AS created_${aggregate}`;
  };
  return {
    columns: [extreme("min"), extreme("max")],
    valueIn(parts) {
      const times = (name: string) => {
        return parts.map((part) => timeIn(part[name], createdAt, dialect))
          .filter((time) => time !== null);
      };
      const first = times("created_min");
      if (first.length === 0) return undefined;
      return { oldest: Math.min(...first), newest: Math.max(...times("created_max")) };
    },
  };
}

/** How many rows are read first: their size decides how many more are. */
const FIRST = 50;

/** How many bytes a sample may have. */
const LARGEST = 32 << 20;

/**
 * The first sessions in the order of their ids. Ids are random, so these are chosen at random, and
 * the index on them finds them.
 */
async function sampleOf(
  table: RowTable,
  context: SelectionContext,
): Promise<readonly SessionInfo[]> {
  const rows = new SelectedRows(table, context);
  const select = `SELECT ${rows.allColumns.join(", ")} FROM ${table.from} ` +
    `ORDER BY ${rows.idName} LIMIT `;
  const read = async (count: number) => {
    return (await table.read(select + count)).map((row) => rows.infoOf(row));
  };
  const first = await read(FIRST);
  if (first.length < FIRST) return first;
  const size = first.reduce((sum, session) => sum + session.size, 0) / first.length;
  const fitting = Math.floor(LARGEST / Math.max(1, size));
  return fitting <= first.length ? first : await read(Math.min(SAMPLE, fitting));
}
