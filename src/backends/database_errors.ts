import { AzuError, OperationError } from "../core/errors.ts";
import { redact, secretsOf } from "../core/redact.ts";
import { printable } from "../core/text.ts";
import { detailsOf } from "./database_details.ts";
import { EXPLANATIONS } from "./database_explanations.ts";
import type { DatabaseTarget } from "./database_target.ts";

/** A driver's error as a sentence about the (redacted) database; our own errors stay as they are. */
export function explainDatabaseError(
  error: unknown,
  target: DatabaseTarget,
  secrets: readonly string[] = [],
): AzuError {
  if (error instanceof AzuError) return error;
  const details = detailsOf(error);
  const known = EXPLANATIONS.find(({ matches }) => matches.test(details));
  const hint = /^mysql:/i.test(target.url) ? known?.mysql ?? known?.hint : known?.hint;
  const problem = known?.problem ?? "The database reported an error";
  const safe = printable(redact(details, [...secretsOf(target.url), ...secrets]));
  return new OperationError(
    `${problem} (${target.address}, table ${printable(target.tableText)}: ${safe})`,
    { ...(hint === undefined ? {} : { hint }), cause: error },
  );
}

export function missingTable(target: DatabaseTarget, cause: unknown): OperationError {
  return new OperationError(
    `Table ${printable(target.tableText)} does not exist in ${target.address}`,
    {
      hint: "Run `azu db:migrate`, or `azu session:setup --backend database --apply`; " +
        "or correct session.backends.database.table",
      cause,
    },
  );
}
