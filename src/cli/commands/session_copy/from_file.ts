/** Copies from a backup file to a backend. */
import { DEFAULT_PACKING } from "../../../backends/layout_options.ts";
import { PayloadReader, SHARD_PAYLOAD } from "../../../backends/payload.ts";
import type { BackupHeader } from "../../../backup/format.ts";
import { type Backup, openBackup } from "../../../backup/read.ts";
import type { CopySource } from "../../../commands/session_copy/ends.ts";
import { countIn, type FileSource, sourceIn } from "../../../commands/session_copy/from_file.ts";
import type { CopyReport } from "../../../commands/session_copy/types.ts";
import { guarded } from "../../../commands/guard.ts";
import { AzuError, OperationError } from "../../../core/errors.ts";
import { secretsIn } from "../../../core/secrets.ts";
import { PASSPHRASE_VARIABLE, passphraseOf } from "../../backup_passphrase.ts";
import { Progress } from "../../terminal/progress.ts";
import { type Copying, notCopied, NOTHING_DONE, WORDS } from "./copying.ts";
import type { FileEnd } from "./ends.ts";

/** @param copy Copies from the file, after all of it was verified. */
export async function copyFromFile(
  copying: Copying,
  file: FileEnd,
  copy: (source: CopySource, count: () => Promise<number>) => Promise<CopyReport>,
): Promise<CopyReport> {
  const { host, reporter, project, selection } = copying;
  const given = project.env(PASSPHRASE_VARIABLE);
  // One that is given for a file without encryption is refused: see openBackup.
  const passphrase = file.isEncrypted ? await passphraseOf(host, file.path, given) : given;
  if (file.isEncrypted && passphrase === undefined) return notCopied(copying);
  try {
    using backup = await opened(copying, file, passphrase);
    reporter.verified(`Checked ${file.path}: it is complete, with ${backup.count} session(s)`);
    showOrigin(copying, backup.header);
    const payloads = new PayloadReader(SHARD_PAYLOAD, DEFAULT_PACKING, secretsIn(project.env));
    const source: FileSource = { backup, path: file.path, payloads, selection };
    return await copy(sourceIn(source), () => countIn(source, host.signal));
  } catch (error) {
    if (host.signal.aborted && !(host.signal.reason instanceof AzuError)) {
      return { ...NOTHING_DONE, outcome: "interrupted" };
    }
    if (!(error instanceof OperationError)) throw error;
    return { ...NOTHING_DONE, outcome: "failed", error };
  }
}

async function opened(
  { host, reporter }: Copying,
  { path }: FileEnd,
  passphrase: string | undefined,
): Promise<Backup> {
  const { signal } = host;
  using progress = new Progress(host, reporter, path, WORDS);
  progress.stopAfter(signal);
  progress.begin("checking file");
  return await guarded(signal, async (alive) => {
    return await openBackup(path, passphrase, { signal, progress: alive });
  });
}

/** Says where the sessions come from, and what that means. */
function showOrigin(
  { reporter, options, project: { environment } }: Copying,
  header: BackupHeader,
): void {
  const { createdAt, source } = header;
  reporter.note(`It was made at ${createdAt} from ${source}, environment ${header.environment}`);
  if (header.environment !== environment.name) {
    reporter.warn(
      `The sessions in the backup are of the environment ${header.environment}, and the target's ` +
        `is ${environment.name}`,
    );
  }
  if (options.dryRun) return;
  reporter.warn(
    `Sessions that were logged out or revoked after the backup was made (${createdAt}) come back`,
  );
}
