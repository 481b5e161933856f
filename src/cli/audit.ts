/** Records what a command does in the audit log, if the config names one. */
import { randomBytes } from "node:crypto";
import type { AuditFields } from "../audit/record.ts";
import type { ClearReport } from "../commands/session_clear/types.ts";
import type { Project } from "../config/project.ts";
import { type AzuError, messageOf, OperationError } from "../core/errors.ts";
import { redact } from "../core/redact.ts";
import { type Operation, operationFields } from "./operation.ts";
import { exitCodeOf } from "./removal.ts";
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
  const about = { ...operationFields(operation), ...fields };
  return { host, reporter, project, command, actor, reason, fields: about };
}

/**
 * What the last record says about a removal.
 * @param done What the command does with sessions: `revoked`.
 */
export function removalEnd(host: Host, done: string): (report: ClearReport) => Fields {
  return (report) => ({
    outcome: report.outcome === "cleared" ? done : report.outcome,
    removed: report.cleared,
    remaining: report.remaining ?? null,
    arrived: report.arrived ?? null,
    mayBeMore: report.cutOff?.isUncertain ?? false,
    exitCode: exitCodeOf(host, report),
  });
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
 * @param endOf What the last record says about the report.
 * @throws {OperationError} if the first record cannot be written, and the config requires it.
 */
export async function audited<Report extends { readonly error?: AzuError }>(
  run: AuditedRun,
  work: (trail: AuditTrail) => Promise<Report>,
  endOf: (report: Report) => Fields,
): Promise<Report> {
  const trail = new AuditTrail(run);
  await trail.begin();
  let report: Report;
  try {
    report = await work(trail);
  } catch (error) {
    await trail.end({ outcome: "failed", error: messageOf(error) });
    throw error;
  }
  const message = report.error?.message;
  const end = message === undefined ? endOf(report) : { ...endOf(report), error: message };
  const problem = await trail.end(end);
  return problem === undefined || report.error !== undefined
    ? report
    : { ...report, error: problem };
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
