/** A backend of the config's own may answer anything: what is made of it. */
import type { Backend } from "../backends/contract.ts";
import { AzuError, messageOf, OperationError } from "../core/errors.ts";
import { redact } from "../core/redact.ts";

/** What is no count proves nothing, of what the sentence says. */
export function wholeNumber(
  count: unknown,
  unproved = "nothing is known to be cleared",
): number {
  if (typeof count === "number" && Number.isInteger(count) && count >= 0) return count;
  throw new OperationError(`The backend returned no count, so ${unproved}`);
}

/** What a backend of the config's own throws is a failed operation, not a bug of this tool. */
export function asAzuError(error: unknown, backend: Backend): AzuError {
  if (error instanceof AzuError) return error;
  const message = `The ${backend.name} backend failed: ${redact(messageOf(error))}`;
  return new OperationError(message, { cause: error });
}
