/** Whether what a config says of a table can be right: a wrong unit makes all sessions expired. */
import { UsageError } from "../../core/errors.ts";
import { type TimeFact, timeText } from "../../core/selection.ts";
import { printable } from "../../core/text.ts";
import type { SessionInfo } from "../contract.ts";
import type { DatabaseTarget } from "./backend.ts";
import { selectTime, timeIn } from "./column_values.ts";
import { bindLayout, type SqlLayout, type TimeColumn } from "./layout.ts";
import type { RowTable } from "./rows.ts";

/** No session is from before the first, or lasts until the second. */
const EARLIEST = Date.UTC(1990);
const LATEST = Date.UTC(2200);

/**
 * Looks at the latest time in each column of numbers.
 * @throws {UsageError} if the unit that the config states cannot be right.
 */
export async function checkUnits(
  table: RowTable,
  layout: SqlLayout,
  target: DatabaseTarget,
): Promise<void> {
  const { dialect } = table;
  const { times } = bindLayout(layout, table.columns, dialect, target);
  for (const [fact, column] of Object.entries(times) as [TimeFact, TimeColumn][]) {
    const { name, unit, plus } = column;
    if (unit === undefined || plus !== undefined) continue; // with `plus`, it is another fact's
    const latest = selectTime(column, dialect, `max(${dialect.quote(name)})`);
    const [row] = await table.read(`SELECT ${latest} AS latest FROM ${table.from}`);
    const time = timeIn(row?.["latest"] ?? null, column, dialect);
    if (time === null || (time > EARLIEST && time < LATEST)) continue;
    throw new UsageError(
      `In ${unit}, the latest time in the column ${printable(name)} of the table ` +
        `${printable(target.tableText)} is ${timeText(time)} (${target.address})`,
      { hint: `Check the unit of layout.${fact} in the config` },
    );
  }
}

/** A warning if a path of the config leads to no user. */
export function pathWarnings(layout: SqlLayout, sample: readonly SessionInfo[]): string[] {
  const path = layout.payload.user;
  const isUntold = layout.isConfigured && path !== undefined && sample.length > 0 &&
    sample.every(({ user }) => user === null);
  return isUntold
    ? [`No session has a user at ${printable(path.join("."))}: check layout.user in the config`]
    : [];
}
