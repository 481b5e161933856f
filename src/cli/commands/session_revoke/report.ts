/** How a revocation is reported, where it differs from a clear. */
import { totalOf } from "../../../commands/session_clear/total.ts";
import type { ClearReport } from "../../../commands/session_clear/types.ts";
import type { ExitCode } from "../../../core/errors.ts";
import { inWords, type Selection } from "../../../core/selection.ts";
import { endFields, type Operation, operationFields } from "../../operation.ts";
import type { RemovalEnd } from "../../removal.ts";
import { jsonOf } from "../../sessions/fields.ts";
import { fieldNames } from "../../sessions/names.ts";
import { SessionTable } from "../../sessions/table.ts";
import type { Output } from "../../terminal/host.ts";
import { followUpFields, storesField } from "../session_clear/report.ts";

/** The first of the sessions that were found, as a table, and how many more there are. */
export function previewLines(
  { preview = [], remaining = 0 }: ClearReport,
  output: Output,
  now: Date,
): readonly string[] {
  if (preview.length === 0) return [];
  const table = new SessionTable(undefined, preview, output, now.getTime());
  const more = remaining - preview.length;
  return [
    table.header,
    ...preview.map((session) => table.line(session)),
    ...(more > 0 ? [`… and ${more} more`] : []),
  ];
}

/** The document of `session:revoke`. */
export function revokeFields(
  ends: readonly RemovalEnd[],
  operation: Operation,
  { selection, dryRun, exitCode }: {
    readonly selection: Selection;
    readonly dryRun: boolean;
    readonly exitCode: ExitCode;
  },
): Record<string, unknown> {
  const countFields = (report: ClearReport) => {
    const { outcome, cleared, remaining, arrived, unreadable, preview } = report;
    return {
      outcome: outcome === "cleared" ? "revoked" : outcome,
      revoked: cleared,
      remaining: remaining ?? null,
      arrived: arrived ?? null,
      unreadable,
      ...(preview === undefined
        ? {}
        : { preview: preview.map((session) => jsonOf(fieldNames, session)) }),
      ...followUpFields(report),
    };
  };
  return {
    command: "session:revoke",
    ...operationFields(operation),
    selection: inWords(selection),
    dryRun,
    ...countFields(totalOf(ends.map(({ report }) => report))),
    ...storesField(ends, countFields),
    ...endFields(operation, exitCode),
  };
}
