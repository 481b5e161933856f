/**
 * Copies sessions to a backup file. A file is always written anew, so there is nothing to compare
 * with, and no ledger. It gets its name once it was read again; until then, nothing is copied.
 */
import type { Backend, ReadOptions } from "../../backends/contract.ts";
import { asAzuError } from "../../backends/custom.ts";
import { handleOf } from "../../backends/handle.ts";
import type { StoredSession } from "../../backends/stored.ts";
import type { BackupHeader } from "../../backup/format.ts";
import { checkPlace } from "../../backup/partial_file.ts";
import { type BackupWriter, createBackup } from "../../backup/write.ts";
import { AzuError, ExitCode, UsageError } from "../../core/errors.ts";
import { close, connected } from "../connection.ts";
import { guarded } from "../guard.ts";
import { Batches } from "./batches.ts";
import { sourceOf } from "./ends.ts";
import { type CopyCounts, type CopyReport, type CopyRequest, NO_COUNTS } from "./types.ts";

/** Sessions that are written at once. */
const BATCH = 1000;

type Shared =
  | "signal"
  | "selection"
  | "dryRun"
  | "budget"
  | "timeout"
  | "now"
  | "onPhase"
  | "onProgress"
  | "onFailed"
  | "onSlow";

export interface BackupRequest extends Pick<CopyRequest, Shared> {
  readonly source: Backend;
  readonly path: string;
  readonly header: BackupHeader;
  /** Undefined if the file is not to be encrypted. */
  readonly passphrase: string | undefined;
  /** Whether a file that exists is replaced. */
  readonly overwrite: boolean;
}

/**
 * Writes a backup. Failures are not thrown: they are in the report.
 * @throws {UsageError} if there is something at the path that it may not replace.
 */
export async function backUp(request: BackupRequest): Promise<CopyReport> {
  const { path, dryRun, overwrite, signal, onPhase } = request;
  const found = new Found();
  try {
    if (dryRun) {
      await checkPlace(path, overwrite);
      await readSource(request, found, undefined);
      return { ...found.report(), outcome: "found" };
    }
    await using backup = await createBackup(path, request);
    await readSource(request, found, backup);
    onPhase("checking file");
    const { sessions } = await guarded(signal, async (alive) => {
      return await backup.finish({ signal, progress: alive });
    });
    const comparison = { compared: sessions, missing: 0, differing: 0 };
    const outcome = found.counts.failed > 0 ? "partial" : "copied";
    return { ...found.report(), comparison, outcome };
  } catch (error) {
    if (error instanceof UsageError) throw error;
    return cutOff(error, request, found);
  }
}

/** What the source has. */
class Found {
  readonly counts: { -readonly [Name in keyof CopyCounts]: number } = { ...NO_COUNTS };
  unreadable = 0;
  seen = 0;
  /** An estimate of how many there will be. */
  total: number | undefined;

  report(): Omit<CopyReport, "outcome"> {
    const { counts, unreadable } = this;
    return { counts: { ...counts }, inDoubt: 0, comparison: undefined, unreadable };
  }
}

/** @param backup Gets the sessions that have not expired. */
async function readSource(
  request: BackupRequest,
  found: Found,
  backup: BackupWriter | undefined,
): Promise<void> {
  const { source, selection, signal, timeout, onPhase } = request;
  onPhase("connecting");
  const store = await connected(source, signal, timeout);
  try {
    const from = sourceOf(store, source, selection);
    onPhase("copying");
    await guarded(signal, async (alive) => {
      // A batch is written while the next one is read.
      const batches = new Batches(() => BATCH, writerOf(request, found, backup, alive));
      try {
        await from.read(readOptions(request, found, batches, alive));
        await batches.end();
      } finally {
        await batches.settled();
      }
    });
  } finally {
    await close(store, signal);
  }
}

function writerOf(
  { signal, now, onProgress, onFailed }: BackupRequest,
  found: Found,
  backup: BackupWriter | undefined,
  alive: () => void,
): (sessions: readonly StoredSession[]) => Promise<void> {
  const { counts } = found;
  return async (sessions) => {
    signal.throwIfAborted();
    const time = now().getTime();
    const live = sessions.filter((session) => isLive(session, time));
    const tooLarge = await backup?.write(live) ?? [];
    for (const { id } of tooLarge) {
      counts.failed++;
      onFailed({ handle: handleOf(id), reason: "it is too large for a backup" });
    }
    counts.created += live.length - tooLarge.length;
    counts.expired += sessions.length - live.length;
    found.seen += sessions.length;
    alive();
    onProgress({ ...counts }, found.seen, found.total);
  };
}

function readOptions(
  { signal, budget, onFailed, onSlow }: BackupRequest,
  found: Found,
  batches: Batches,
  alive: () => void,
): ReadOptions {
  return {
    signal,
    budget,
    onStored: (sessions) => batches.add(sessions),
    onFailed(failed) {
      found.counts.failed++;
      onFailed(failed);
    },
    onProgress(_, total) {
      alive();
      found.total = total ?? found.total;
    },
    onUnreadable: (count) => found.unreadable = count,
    onSlow,
  };
}

function isLive({ expiresAt }: StoredSession, now: number): boolean {
  return expiresAt === null || expiresAt > now;
}

/** There is no file, so nothing was copied. */
function cutOff(error: unknown, { source, signal }: BackupRequest, found: Found): CopyReport {
  const report = { ...found.report(), counts: { ...NO_COUNTS, failed: found.counts.failed } };
  if (signal.aborted && !(signal.reason instanceof AzuError)) {
    return { ...report, outcome: "interrupted" };
  }
  const explained = asAzuError(signal.aborted ? signal.reason : error, source);
  const isImpossible = explained.exitCode === ExitCode.impossible;
  return { ...report, outcome: isImpossible ? "impossible" : "failed", error: explained };
}
