import { AzuError, OperationError } from "../../core/errors.ts";
import { redact, secretsOf } from "../../core/redact.ts";
import { printable } from "../../core/text.ts";
import { detailsOf } from "./details.ts";
import { type Explanation, EXPLANATIONS, OWN_REFERENCES } from "./explanations.ts";
import type { DatabaseTarget } from "./target.ts";
import { numberOf } from "../mysql/errors.ts";

/** A driver's error as a sentence about the (redacted) database; our own errors stay as they are. */
export function explainDatabaseError(
  error: unknown,
  target: DatabaseTarget,
  secrets: readonly string[] = [],
): AzuError {
  if (error instanceof AzuError) return error;
  const details = detailsOf(error);
  const known: Partial<Explanation> | undefined = refersToItself(error, target)
    ? OWN_REFERENCES
    : EXPLANATIONS.find(({ matches }) => matches.test(details));
  const hint = /^mysql:/i.test(target.url) ? known?.mysql ?? known?.hint : known?.hint;
  const problem = known?.problem ?? "The database reported an error";
  const safe = printable(redact(details, [...secretsOf(target.url), ...secrets]));
  return new OperationError(
    `${problem} (${target.address}, table ${printable(target.tableText)}: ${safe})`,
    { ...(hint === undefined ? {} : { hint }), cause: error },
  );
}

/** Whether a row stayed as another one of the same table refers to it. */
function refersToItself(error: unknown, { table: { schema, name } }: DatabaseTarget): boolean {
  if (!(error instanceof Error)) return false;
  if (numberOf(error) === 1451) {
    // Unless it is of another database, the server names the table alone.
    const own = /\.`([^`]+)`, CONSTRAINT .* REFERENCES `\1` \(/s.exec(error.message)?.[1];
    return own?.toLowerCase() === name.toLowerCase();
  }
  const isRefusal = "code" in error && error.code === "23503" && "table" in error &&
    "schema" in error;
  return isRefusal && error.table === name && error.schema === (schema ?? error.schema);
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
