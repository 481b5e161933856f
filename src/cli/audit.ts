/** Records what a command does in the audit log, if the config names one. */
import { randomBytes } from "node:crypto";
import type { AuditFields } from "../audit/record.ts";
import type { ClearReport } from "../commands/session_clear/types.ts";
import type { Project } from "../config/project.ts";
import { type AzuError, messageOf, OperationError } from "../core/errors.ts";
import { redact } from "../core/redact.ts";
import { type Operation, operationFields, placeFields, storesField } from "./operation.ts";
import { type RemovalEnd, resultOf } from "./removal.ts";
import type { Host } from "./terminal/host.ts";
import type { Reporter } from "./terminal/reporter.ts";
import { VERSION } from "./version.ts";

/** What a record can say. */
type Fields = Readonly<Record<string, unknown>>;

/** A run of a command that is to be recorded. */
export interface AuditedRun {
  readonly host: Host;
  readonly reporter: Reporter;
  readonly project: Project;
  /** `session:clear` */
  readonly command: string;
  /** What it works on, and why: the fields of the first record. */
  readonly fields: Fields;
  /** Who runs it, if an option says so. */
  readonly actor?: string | undefined;
  readonly reason?: string | undefined;
}

/** What the first record says about a command that operates on one store. */
export function auditedRun(
  operation: Operation,
  command: string,
  options: { readonly actor?: string | undefined; readonly reason?: string | undefined },
  fields: Fields,
): AuditedRun {
  const { host, reporter, project } = operation;
  const { actor, reason } = options;
  const about = { ...operationFields(operation), ...storesField(operation), ...fields };
  return { host, reporter, project, command, actor, reason, fields: about };
}

/** How the result of a command is recorded. */
export interface Ending<Result> {
  /** What the last record says. */
  fieldsOf(result: Result): Fields;
  errorOf(result: Result): AzuError | undefined;
  /** The result of a command that has done its work, and could not record that. */
  failed(result: Result, problem: AzuError): Result;
}

/** That of a command with one report. */
export function reportEnding<Report extends { readonly error?: AzuError }>(
  fieldsOf: (report: Report) => Fields,
): Ending<Report> {
  return {
    fieldsOf,
    errorOf: ({ error }) => error,
    failed: (report, error) => ({ ...report, error }),
  };
}

/**
 * That of a removal.
 * @param done What the command does with sessions: `revoked`.
 */
export function removalEnding(host: Host, done: string): Ending<readonly RemovalEnd[]> {
  const fieldsOf = ({ outcome, cleared, remaining, arrived, cutOff }: ClearReport) => ({
    outcome: outcome === "cleared" ? done : outcome,
    removed: cleared,
    remaining: remaining ?? null,
    arrived: arrived ?? null,
    mayBeMore: cutOff?.isUncertain ?? false,
  });
  return {
    fieldsOf(ends) {
      const { total, exitCode } = resultOf(host, ends);
      const stores = ends.map(({ place, report }) => {
        return { ...placeFields(place), ...fieldsOf(report) };
      });
      return { ...fieldsOf(total), ...(stores.length > 1 ? { stores } : {}), exitCode };
    },
    errorOf: (ends) => resultOf(host, ends).total.error,
    failed: (ends, error) => {
      return ends.map(({ place, report }) => ({ place, report: { ...report, error } }));
    },
  };
}

/** The records of a run. */
export class AuditTrail {
  readonly #run: AuditedRun;
  readonly #id = randomBytes(8).toString("hex");

  constructor(run: AuditedRun) {
    this.#run = run;
  }

  /** @throws {OperationError} if it cannot be written, and the config requires it. */
  async begin(): Promise<void> {
    const { host, command, fields, reason = null } = this.#run;
    const { actor, actorFrom } = actorOf(this.#run);
    const about = { version: VERSION, command, actor, actorFrom, uid: host.uid, reason };
    const problem = await this.#append("begin", { ...about, ...fields });
    if (problem !== undefined) throw problem;
  }

  /** @throws {OperationError} as {@linkcode begin}. */
  async evidence(fields: Fields): Promise<void> {
    const problem = await this.#append("evidence", fields);
    if (problem !== undefined) throw problem;
  }

  /** @returns why it cannot be written, if the config requires it. */
  async end(fields: Fields): Promise<AzuError | undefined> {
    return await this.#append("end", fields);
  }

  async #append(kind: AuditFields["kind"], fields: Fields): Promise<AzuError | undefined> {
    const { host, reporter, project } = this.#run;
    const { audit } = project.config;
    if (audit === undefined) return undefined;
    try {
      const { openAuditLog } = await import("../commands/audit.ts");
      // Not the signal of the process: an interrupted run is recorded, too.
      await using log = await openAuditLog(project, AbortSignal.timeout(APPEND_TIMEOUT));
      const record = { run: this.#id, kind, ...redacted(fields) };
      const { warning } = await log.append(record, host.now());
      if (warning !== undefined) reporter.warn(warning);
      return undefined;
    } catch (error) {
      if (audit.required) return notRecorded(error, kind);
      reporter.warn(`${messageOf(error)}. This run is not in the audit log`);
      return undefined;
    }
  }
}

/** Milliseconds to connect to the database of the log. */
const APPEND_TIMEOUT = 10_000;

/**
 * Runs a command between two records.
 * @throws {OperationError} if the first record cannot be written, and the config requires it.
 */
export async function audited<Result>(
  run: AuditedRun,
  work: (trail: AuditTrail) => Promise<Result>,
  { fieldsOf, errorOf, failed }: Ending<Result>,
): Promise<Result> {
  const trail = new AuditTrail(run);
  await trail.begin();
  let result: Result;
  try {
    result = await work(trail);
  } catch (error) {
    await trail.end({ outcome: "failed", error: messageOf(error) });
    throw error;
  }
  const error = errorOf(result);
  const fields = fieldsOf(result);
  const problem = await trail.end(
    error === undefined ? fields : { ...fields, error: error.message },
  );
  return problem === undefined || error !== undefined ? result : failed(result, problem);
}

function notRecorded(error: unknown, kind: AuditFields["kind"]): OperationError {
  const isBegun = kind === "end";
  return new OperationError(messageOf(error), {
    hint: isBegun
      ? "The work is done, and only its first record is in the log. audit.required makes this an error"
      : "Nothing was done, because the config says audit.required",
    cause: error,
  });
}

/** The name of the user, and where it is from. Variables can be set to anything. */
function actorOf({ host, actor }: AuditedRun) {
  if (actor !== undefined) return { actor, actorFrom: "--actor" };
  for (const variable of ["SUDO_USER", "LOGNAME", "USER", "USERNAME"]) {
    const name = host.env(variable);
    if (name !== undefined) return { actor: name, actorFrom: variable };
  }
  return { actor: null, actorFrom: null };
}

/** No credential enters the log, wherever a text is from. */
function redacted(fields: Fields): Fields {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => {
      return [name, typeof value === "string" ? redact(value) : value];
    }),
  );
}
