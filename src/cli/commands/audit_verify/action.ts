import { Chain } from "../../../audit/chain.ts";
import type { AuditRecord } from "../../../audit/record.ts";
import { openAuditLog } from "../../../commands/audit.ts";
import { ExitCode, OperationError, UsageError } from "../../../core/errors.ts";
import { loadProjectFor } from "../../load_project.ts";
import { interruptedCode } from "../../operation.ts";
import type { GlobalOptions } from "../../program.ts";
import type { Host } from "../../terminal/host.ts";
import type { Reporter } from "../../terminal/reporter.ts";
import type { AuditVerifyOptions } from "./command.ts";

/** How many runs without an end are named. */
const FIRST = 10;

/** `azu audit:verify` */
export async function auditVerify(
  host: Host,
  options: AuditVerifyOptions & GlobalOptions,
  reporter: Reporter,
): Promise<ExitCode> {
  const { contains } = options;
  if (contains !== undefined && !/^[0-9a-f]{64}$/.test(contains)) {
    throw new UsageError("--contains needs a hash: 64 hexadecimal digits in lower case", {
      hint: "azu audit:verify shows that of the last record",
    });
  }
  const project = await loadProjectFor(host, options, reporter, { usesDefault: true });
  host.handleSignals();
  await using log = await openAuditLog(project, host.signal);
  reporter.note(`Audit log: ${log.place}`);
  const chain = new Chain();
  let isContained = false;
  try {
    for await (const line of log.lines(host.signal)) {
      host.signal.throwIfAborted();
      const record = chain.add(line);
      if (chain.problem === undefined && record?.hash === contains) isContained = true;
    }
  } catch (error) {
    if (host.signal.aborted) return interruptedCode(host);
    throw error;
  }
  const error = errorOf(chain, contains === undefined || isContained);
  show(reporter, chain, error);
  const exitCode = error === undefined ? ExitCode.ok : ExitCode.failed;
  reporter.document({
    command: "audit:verify",
    log: log.place,
    outcome: error === undefined ? "verified" : "broken",
    records: chain.records,
    lastNumber: chain.last?.number ?? null,
    lastHash: chain.problem === undefined ? chain.last?.hash ?? null : null,
    withoutEnd: [...chain.open.values()].map(({ number, run }) => ({ number, run })),
    exitCode,
  }, error);
  return exitCode;
}

function errorOf({ problem, records }: Chain, isContained: boolean): OperationError | undefined {
  if (problem !== undefined) {
    return new OperationError(problem, {
      hint: `The ${records} record(s) before it are in order. Compare the log with a backup of it`,
    });
  }
  if (isContained) return undefined;
  return new OperationError("No record has the hash of --contains", {
    hint: "Records were cut off, or the log was written anew; or it is another log",
  });
}

function show(reporter: Reporter, chain: Chain, error: OperationError | undefined): void {
  const { first, last, open, records } = chain;
  if (open.size > 0) {
    reporter.warn(`${open.size} run(s) have no end: they go on, or were killed`);
    for (const record of [...open.values()].slice(0, FIRST)) reporter.say(`  ${textOf(record)}`);
    if (open.size > FIRST) reporter.say(`  … and ${open.size - FIRST} more`);
  }
  if (error !== undefined) return reporter.error(error);
  if (first === undefined || last === undefined) {
    return reporter.line("The audit log has no records yet");
  }
  reporter.line(`Records ${first.number} to ${last.number}, ${first.time} to ${last.time}`);
  reporter.line(`Hash of the last: ${last.hash}`);
  reporter.verified(`Verified ${records} record(s): none was changed, and none is missing between`);
}

function textOf(record: AuditRecord): string {
  const by = record["actor"] === null ? "" : ` by ${String(record["actor"])}`;
  return `record ${record.number}: ${String(record["command"])}${by}, ${record.time}`;
}
