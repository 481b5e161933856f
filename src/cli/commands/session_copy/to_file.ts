/** Copies from a backend to a backup file. */
import { checkPlace } from "../../../backup/partial_file.ts";
import { backUp } from "../../../commands/session_copy/to_file.ts";
import { type CopyReport, written } from "../../../commands/session_copy/types.ts";
import { newPassphrase, PASSPHRASE_VARIABLE } from "../../backup_passphrase.ts";
import { budgetOf } from "../../operation_options.ts";
import { Progress } from "../../terminal/progress.ts";
import { VERSION } from "../../version.ts";
import { begun, type Copying, countIn, notCopied, NOTHING_DONE, WORDS } from "./copying.ts";
import { type BackendEnd, endText, type FileEnd } from "./ends.ts";

/** A new file changes nothing that is there: azu asks only if other environments are concerned. */
export async function copyToFile(
  copying: Copying,
  from: BackendEnd,
  { path, isEncrypted }: FileEnd,
): Promise<CopyReport> {
  const { host, options, reporter, project, selection, failed, neighbours, conclude } = copying;
  const { dryRun = false, overwrite = false } = options;
  await checkPlace(path, overwrite); // before anything is asked
  if (!isEncrypted) {
    reporter.warn("The backup is not encrypted: whoever can read it can use every session in it");
  }
  const isForced = options.force || options.yes || neighbours.length === 0;
  const refused = await begun(copying, isForced, () => countIn(from, copying));
  if (refused !== undefined) return refused;
  const isAsked = isEncrypted && !dryRun;
  const passphrase = isAsked
    ? await newPassphrase(host, project.env(PASSPHRASE_VARIABLE))
    : undefined;
  if (isAsked && passphrase === undefined) return notCopied(copying);
  using progress = new Progress(host, reporter, from.target.address ?? endText(from), WORDS);
  progress.stopAfter(host.signal);
  host.lastWords = () => {
    conclude({ ...NOTHING_DONE, outcome: "interrupted", inDoubt: Infinity });
  };
  try {
    return await backUp({
      source: from.choice.backend,
      path,
      header: {
        createdAt: host.now().toISOString(),
        environment: project.environment.name,
        source: endText(from),
        azu: VERSION,
      },
      passphrase,
      overwrite,
      dryRun,
      signal: host.signal,
      selection,
      budget: budgetOf(options),
      timeout: options.timeout,
      now: () => host.now(),
      onPhase: (phase) => progress.begin(phase),
      onProgress(now, seen, total) {
        progress.update(written(now), total);
        progress.find(seen, total);
      },
      onFailed: (session) => failed.add(session),
      onSlow: (reason) => reporter.noteOnce(reason),
    });
  } finally {
    host.lastWords = undefined;
  }
}
