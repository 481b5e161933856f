/** The sessions of a selection in a table. Loaded only if something asks for them. */
import { ImpossibleError } from "../../core/errors.ts";
import type { Selection } from "../../core/selection.ts";
import type { ClearOptions, LookOptions, Sessions } from "../contract.ts";
import { type Budget, Pace } from "../pace.ts";
import type { DatabaseTarget } from "./backend.ts";
import { clearRows, type StartRows } from "./clear.ts";
import { bindLayout, layoutOf } from "./layout.ts";
import type { DatabaseLayoutOptions } from "./layout_options.ts";
import { checkUnits } from "./plausible.ts";
import { retrying } from "./retry.ts";
import { areFew, orderedBy, type RowTable } from "./rows.ts";
import {
  contextOf,
  countSelected,
  listSelected,
  ROWS_AT_ONCE,
  SelectedRows,
  type SelectionContext,
  startByReading,
} from "./selected.ts";
import { countRows, type Explained, type SqlEngine, type SqlSession } from "./store.ts";

export function selectedSessions<Session extends SqlSession>(
  engine: SqlEngine<Session>,
  session: Session,
  selection: Selection,
  explained: Explained,
): Sessions {
  const { target } = session;
  const context = contextOf(target, selection);
  return {
    count: (signal, { onProgress, onUnreadable, onSlow, budget = {} } = {}) => {
      return explained(signal, async () => {
        const table = await engine.readRows(session, signal);
        const rows = await rowsOf(table, context, onSlow);
        if (rows.isPlain) {
          return await countRows(engine, session, signal, onProgress, rows.plan.where);
        }
        const { retry, batch } = reading(engine, session, signal, budget, () => onProgress?.(0));
        const found = await countSelected(table, rows, retry, batch, (found) => {
          signal.throwIfAborted();
          onProgress?.(found);
        });
        if (rows.unreadable > 0) onUnreadable?.(rows.unreadable);
        return found;
      });
    },
    async clear(options) {
      if (options.truncate) {
        throw new ImpossibleError("A selection cannot be truncated: all sessions would go", {
          hint: "Run the command without --truncate",
        });
      }
      return await clearRows(engine, session, options, (tick) => {
        return startSelected(engine, session, options, tick, context);
      });
    },
    list: (options) => {
      const { signal, budget = {}, onProgress, onUnreadable, onSlow } = options;
      return explained(signal, async () => {
        const { retry, batch } = reading(engine, session, signal, budget, () => onProgress?.(0));
        const table = await retry(() => engine.readRows(session, signal));
        const rows = await retry(() => rowsOf(table, context, onSlow));
        await listSelected(table, rows, retry, batch, options);
        if (rows.unreadable > 0) onUnreadable?.(rows.unreadable);
      });
    },
    read: (options) => {
      const { signal, budget = {}, onProgress, onUnreadable, onSlow } = options;
      return explained(signal, async () => {
        const { readStored, StoredRows } = await import("./stored_rows.ts");
        const how = reading(engine, session, signal, budget, () => onProgress?.(0));
        const table = await how.retry(() => engine.readRows(session, signal));
        const rows = await how.retry(() => rowsOf(table, context, onSlow));
        const stored = new StoredRows(rows.layout, table.dialect, context.payloads, target);
        await readStored(table, rows, stored, how, options);
        if (rows.unreadable > 0) onUnreadable?.(rows.unreadable);
      });
    },
  };
}

/**
 * The rows of a selection.
 * @throws {UsageError} if the table is not what the config says.
 */
async function rowsOf(
  table: RowTable,
  context: SelectionContext,
  onSlow: LookOptions["onSlow"],
): Promise<SelectedRows> {
  const { layout, target } = context;
  const rows = new SelectedRows(table, context);
  if (layout.isConfigured) await checkUnits(table, layout, target);
  if (rows.slow !== undefined) onSlow?.(rows.slow);
  return rows;
}

/** @throws {UsageError} if a table is not what the config says. */
export function checkLayout(
  layout: DatabaseLayoutOptions,
  { columns, dialect }: RowTable,
  target: DatabaseTarget,
): void {
  bindLayout(layoutOf(layout), columns, dialect, target);
}

/** How a walk that only reads is repeated, and its batches. */
function reading<Session extends SqlSession>(
  engine: SqlEngine<Session>,
  session: Session,
  signal: AbortSignal,
  budget: Budget,
  onRetry: () => void,
) {
  const pace = new Pace({ batch: ROWS_AT_ONCE, ...budget }, engine.pace);
  const retry = retrying(session, engine.faultOf, signal, pace, onRetry);
  return { retry, batch: () => Math.min(ROWS_AT_ONCE, pace.batch) };
}

async function startSelected<Session extends SqlSession>(
  engine: SqlEngine<Session>,
  session: Session,
  options: ClearOptions,
  tick: () => void,
  context: SelectionContext,
): Promise<StartRows> {
  const table = await engine.removableRows(session, options, tick);
  const rows = await rowsOf(table, context, options.onSlow);
  const { where, index } = rows.plan;
  const byIndex = rows.isPlain && index !== undefined && await areFew(table, where);
  if (rows.isPlain && !byIndex && engine.startSelected !== undefined) {
    return await engine.startSelected(session, options, tick, where);
  }
  return await startByReading(byIndex ? orderedBy(table, index) : table, rows, (sessions) => {
    if (sessions > 0) options.onUnreadable?.(sessions);
  });
}
