/** The state of a table: what the server knows of it, counts of its rows, and some of them. */
import { ImpossibleError } from "../../core/errors.ts";
import type { Selection } from "../../core/selection.ts";
import type { SessionInfo } from "../contract.ts";
import { Pace } from "../pace.ts";
import {
  exactly,
  type FigureName,
  type Figures,
  QUICK_SAMPLE,
  SAMPLE,
  type Survey,
  type SurveyOptions,
} from "../survey.ts";
import { countIn, type Row } from "./errors.ts";
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
  const counts: Partial<Survey> = isQuick ? {} : await retry(async () => {
    const { columns, countsIn } = countsOf(table, context, now);
    return countsIn(await engine.aggregate(session, signal, onProgress, columns));
  });
  signal.throwIfAborted();
  const sample = await retry(() => sampleOf(table, context, isQuick ? QUICK_SAMPLE : SAMPLE));
  return {
    ...state,
    ...counts,
    figures: { ...state.figures, ...counts.figures },
    sample,
  };
}

/** What SQL may be able to count. */
function countable(now: number): Partial<Readonly<Record<FigureName, Selection>>> {
  return {
    expired: [{ fact: "expiresAt", before: now }],
    endless: [{ fact: "expiresAt", isNull: true }],
    loggedIn: [{ fact: "user", isNull: false }],
    anonymous: [{ fact: "user", isNull: true }],
  };
}

/** The aggregates that one walk over the table computes, and what they mean. */
function countsOf(table: RowTable, context: SelectionContext, now: number) {
  const names: FigureName[] = [];
  const columns = ["count(*) AS found"];
  for (const [name, selection] of Object.entries(countable(now))) {
    const where = whereOf(table, { ...context, selection });
    if (where === undefined) continue;
    names.push(name as FigureName);
    columns.push(`count(CASE WHEN ${where} THEN 1 END) AS count_${name.toLowerCase()}`);
  }
  const all = new SelectedRows(table, context);
  const created = all.createdRange;
  const users = all.userCounts;
  columns.push(...created.columns, ...users ?? []);
  const sum = (parts: readonly Row[], column: string) => {
    return parts.reduce((sum, part) => sum + countIn(part, column), 0);
  };
  const usersIn = (parts: readonly Row[]): Figures => {
    // A row of code that does not know the column tells its user in the payload.
    if (users === undefined || sum(parts, "untold_users") > 0) return {};
    const anonymous = sum(parts, "nobodies");
    return {
      loggedIn: exactly(sum(parts, "found") - anonymous),
      anonymous: exactly(anonymous),
    };
  };
  return {
    columns,
    countsIn(parts: readonly Row[]): Pick<Survey, "figures" | "created"> {
      const counts = names.map((name) => {
        return [name, exactly(sum(parts, `count_${name.toLowerCase()}`))] as const;
      });
      const range = created.in(parts);
      return {
        figures: {
          sessions: exactly(sum(parts, "found")),
          ...Object.fromEntries(counts),
          ...usersIn(parts),
        },
        ...(range === undefined ? {} : { created: range }),
      };
    },
  };
}

/** A selection as SQL; undefined if SQL alone cannot tell it, or the table cannot at all. */
function whereOf(table: RowTable, context: SelectionContext): string | undefined {
  try {
    const rows = new SelectedRows(table, context);
    return rows.isPlain ? rows.plan.where : undefined;
  } catch (error) {
    if (error instanceof ImpossibleError) return undefined;
    throw error;
  }
}

/** Rows whose size decides how many are read, and bytes that the sample may have. */
const FIRST = 50;
const LARGEST = 32 << 20;

/**
 * The first sessions in the order of their ids. Ids are random, so these are chosen at random, and
 * the index on them finds them.
 */
async function sampleOf(
  table: RowTable,
  context: SelectionContext,
  most: number,
): Promise<readonly SessionInfo[]> {
  const rows = new SelectedRows(table, context);
  const select = `SELECT ${rows.allColumns.join(", ")} FROM ${table.from} ` +
    `ORDER BY ${rows.idName} LIMIT `;
  const read = async (count: number) => {
    return (await table.read(select + count)).map((row) => rows.infoOf(row));
  };
  const first = await read(Math.min(most, FIRST));
  if (first.length < FIRST) return first;
  const size = first.reduce((sum, session) => sum + session.size, 0) / first.length;
  const fitting = Math.floor(LARGEST / Math.max(1, size));
  return fitting <= first.length ? first : await read(Math.min(most, fitting));
}
