/** A backend of the config's own may answer anything: what is made of it. */
import type { Backend, LookAlike, Store, Target } from "../backends/contract.ts";
import { AzuError, messageOf, OperationError } from "../core/errors.ts";
import { isRecord } from "../core/record.ts";
import { redact } from "../core/redact.ts";

/** What is no count proves nothing, of what the sentence says. */
export function wholeNumber(
  count: unknown,
  unproved = "nothing is known to be cleared",
): number {
  if (typeof count === "number" && Number.isInteger(count) && count >= 0) return count;
  throw new OperationError(`The backend returned no count, so ${unproved}`);
}

/** @throws {OperationError} for anything but a list of prefixes and counts. */
export function lookAlikeList(answer: unknown): readonly LookAlike[] {
  const unknown = new OperationError(
    "The backend returned no list of look-alikes, so nothing is known of other prefixes",
  );
  if (!Array.isArray(answer)) throw unknown;
  return answer.map((one: unknown) => {
    if (!isRecord(one) || typeof one["pattern"] !== "string") throw unknown;
    return {
      pattern: one["pattern"],
      count: wholeNumber(one["count"], "nothing is known of other prefixes"),
    };
  });
}

/**
 * What a backend works on.
 * @throws {AzuError} where it does not describe that.
 */
export function targetOf(backend: Backend): Target {
  const target: unknown = asked(backend, () => backend.describe());
  const known: Record<string, string> = {};
  for (const part of ["address", "pattern", "table"] as const) {
    const value = isRecord(target) ? target[part] : null;
    if (value === undefined) continue;
    if (typeof value === "string") known[part] = value;
    else {
      throw new OperationError(
        `The ${backend.name} backend does not describe what it works on: expected an object ` +
          "with texts (address, pattern, table)",
      );
    }
  }
  return known;
}

/** @throws {OperationError} where a backend has connected to nothing. */
export function storeOf(backend: Backend, connected: Store): Store {
  const answer: unknown = connected;
  if (isRecord(answer)) return connected;
  throw new OperationError(`The ${backend.name} backend connects to no store`);
}

/** The lines that announce a clear of a backend. */
export function announcementOf(backend: Backend): readonly string[] {
  const lines: unknown = asked(backend, () => backend.announce?.()) ??
    [`Clearing ${backend.name} sessions...`];
  if (Array.isArray(lines)) return lines.map(String);
  throw new OperationError(`The ${backend.name} backend announces no list of lines`);
}

/** What a backend answers at once. */
export function asked<T>(backend: Backend, question: () => T): T {
  try {
    return question();
  } catch (error) {
    throw asAzuError(error, backend);
  }
}

/** What a backend of the config's own throws is a failed operation, not a bug of this tool. */
export function asAzuError(error: unknown, backend: Backend): AzuError {
  if (error instanceof AzuError) return error;
  const message = `The ${backend.name} backend failed: ${redact(messageOf(error))}`;
  return new OperationError(message, { cause: error });
}
