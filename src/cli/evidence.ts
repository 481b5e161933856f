/** Writes what will be removed to a file: handles and what is known of the sessions, no ids. */
import { createHash } from "node:crypto";
import { resolve } from "node:path";
import type { Backend } from "../backends/contract.ts";
import type { Evidence } from "../commands/session_clear/types.ts";
import { listSessions } from "../commands/session_list/list.ts";
import { type AzuError, messageOf, OperationError, UsageError } from "../core/errors.ts";
import { inWords, type Selection } from "../core/selection.ts";
import { workingFolder } from "./load_project.ts";
import { homesIn, oldFirst, placeFields } from "./operation.ts";
import { budgetOf } from "./operation_options.ts";
import type { Removal } from "./removal.ts";
import { jsonOf } from "./sessions/fields.ts";
import { fieldNames } from "./sessions/names.ts";
import { Progress } from "./terminal/progress.ts";
import { jsonLine } from "./terminal/reporter.ts";

/**
 * Writes the sessions of a selection to a new file, one per line in JSON, between a line that says
 * what they are and one with their number. Only its owner may read it.
 * @param named The file, relative to the working folder.
 * @throws {AzuError} if it is not complete. Then there is no file.
 */
export async function writeEvidence(
  removal: Removal,
  named: string,
  selection: Selection,
): Promise<Evidence> {
  const { host, options, environment } = removal;
  const path = resolve(await workingFolder(host, options), named);
  const file = new EvidenceFile(path);
  try {
    file.write([{
      evidence: 1,
      command: removal.command,
      time: host.now().toISOString(),
      environment: environment.name,
      stores: oldFirst(removal).map(placeFields),
      selection: selection.length === 0 ? null : inWords(selection),
    }]);
    const sessions = await listInto(file, removal, selection);
    file.write([{ sessions }]);
    return { file: path, sessions, sha256: file.end() };
  } catch (error) {
    file.remove();
    throw error;
  }
}

async function listInto(
  file: EvidenceFile,
  removal: Removal,
  selection: Selection,
): Promise<number> {
  const { host, reporter, options } = removal;
  const [{ choice: { backend }, target }, ...others] = oldFirst(removal);
  using progress = new Progress(host, reporter, target.address ?? backend.name);
  progress.stopAfter(host.signal);
  let failure: unknown;
  const report = await listSessions([backend, ...others.map(({ choice }) => choice.backend)], {
    homes: homesIn(removal),
    signal: host.signal,
    selection,
    onlyCount: false,
    limit: undefined,
    sort: undefined,
    budget: budgetOf(options),
    timeout: options.timeout,
    onSessions(batch) {
      try {
        file.write(batch.map((session) => jsonOf(fieldNames, session)));
      } catch (error) {
        failure = error;
      }
      return failure === undefined;
    },
    onFound: (found, total) => progress.find(found, total),
    onPhase: (phase) => progress.begin(phase),
    onSlow: (reason) => reporter.noteOnce(reason),
  });
  if (failure !== undefined) throw failure;
  if (report.outcome !== "listed") throw report.error ?? interrupted(backend);
  return report.shown;
}

function interrupted({ name }: Backend): AzuError {
  return new OperationError(`Interrupted while the evidence was read from the ${name} backend`);
}

class EvidenceFile {
  readonly #path: string;
  readonly #file: Deno.FsFile;
  readonly #hash = createHash("sha256");

  constructor(path: string) {
    this.#path = path;
    try {
      this.#file = Deno.openSync(path, { write: true, createNew: true, mode: 0o600 });
    } catch (error) {
      const isThere = error instanceof Deno.errors.AlreadyExists;
      throw new UsageError(
        `--evidence: cannot write ${path}: ${isThere ? "it exists" : messageOf(error)}`,
        isThere ? { hint: "Name a new file: azu does not write over evidence" } : { cause: error },
      );
    }
  }

  write(values: readonly unknown[]): void {
    const bytes = new TextEncoder().encode(values.map((value) => `${jsonLine(value)}\n`).join(""));
    this.#hash.update(bytes);
    try {
      for (let rest = bytes; rest.length > 0;) {
        rest = rest.subarray(this.#file.writeSync(rest));
      }
    } catch (error) {
      throw new OperationError(`--evidence: cannot write ${this.#path}: ${messageOf(error)}`, {
        hint: "Nothing was removed",
        cause: error,
      });
    }
  }

  /** @returns the hash of the whole file. */
  end(): string {
    this.#file.syncSync();
    this.#file.close();
    return this.#hash.digest("hex");
  }

  remove(): void {
    try {
      this.#file.close();
    } catch {
      // it is closed
    }
    try {
      Deno.removeSync(this.#path);
    } catch {
      // The first error is the one to report.
    }
  }
}
