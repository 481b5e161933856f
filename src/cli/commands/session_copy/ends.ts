/** The two ends of a copy: two backends, or a backend and a backup file. */
import { isAbsolute, join } from "node:path";
import type { Target } from "../../../backends/contract.ts";
import { backendNames, type Choice, chooseNamed } from "../../../config/choose.ts";
import { checkSamePlace, neighboursOf } from "../../../config/places.ts";
import { UsageError } from "../../../core/errors.ts";
import { nearest } from "../../../core/nearest.ts";
import { printable } from "../../../core/text.ts";
import type { Project } from "../../../config/project.ts";
import { decisionLine, placeText } from "../../decision.ts";
import { loadProjectFor } from "../../load_project.ts";
import type { Host } from "../../terminal/host.ts";
import type { Reporter } from "../../terminal/reporter.ts";
import type { CopyOptions } from "./action.ts";

/** A backend, and where its sessions are. */
export interface BackendEnd {
  readonly choice: Choice;
  readonly target: Target;
}

/** A backup file. */
export interface FileEnd {
  /** Its path: absolute, or from the folder in which azu was started. */
  readonly path: string;
  readonly isEncrypted: boolean;
}

export type End = BackendEnd | FileEnd;

export interface Ends {
  readonly project: Project;
  readonly from: End;
  readonly to: End;
  /** The sessions of other environments that a copy would take, too. */
  readonly neighbours: readonly string[];
}

export function isFile(end: End): end is FileEnd {
  return "path" in end;
}

/**
 * The other end of a file.
 * @throws {UsageError} if it is a file too.
 */
export function backendEnd(end: End): BackendEnd {
  if (!isFile(end)) return end;
  throw new UsageError("--from and --to both name a file", {
    hint: "One of them must be a backend. To copy a backup, copy the file",
  });
}

/** What tells a file from the name of a backend that is misspelled. */
const FILE_NAME = /[\\/]|\.(?:azu|age|gz)$/i;

/**
 * Both are of one environment: a copy from one environment to another needs a backend of its own in
 * the config, so that it cannot be made by accident.
 * @throws {UsageError} if it is not certain what is meant.
 */
export async function endsFor(
  host: Host,
  options: CopyOptions,
  reporter: Reporter,
): Promise<Ends> {
  const { from, to } = options;
  if (from === undefined || to === undefined) {
    throw new UsageError("session:copy needs --from and --to", {
      hint:
        "Name two backends of the config, or one and a file; or seal sessions anew in place, with --reseal",
    });
  }
  if (from === to) {
    throw new UsageError(`--from and --to both name ${printable(from)}`, {
      hint: "Name two different places",
    });
  }
  const project = await loadProjectFor(host, options, reporter, { usesDefault: true });
  const ends = {
    from: await endOf(project, from, "--from", options),
    to: await endOf(project, to, "--to", options),
  };
  checkFiles(ends, options);
  const chosen = [ends.from, ends.to].flatMap((end) => isFile(end) ? [] : end.choice.warnings);
  for (const warning of new Set([...project.warnings, ...chosen])) reporter.warn(warning);
  const neighbours = isFile(ends.from) ? [] : await neighboursOf(project, from, ends.from.target);
  return { project, ...ends, neighbours };
}

/** The name of a backend comes first. A path such as `./redis` is never one by accident. */
async function endOf(
  project: Project,
  name: string,
  option: "--from" | "--to",
  { directory = "", encrypt }: CopyOptions,
): Promise<End> {
  const known = backendNames(project);
  if (known.includes(name)) {
    const choice = chooseNamed(project, name, option);
    await checkSamePlace(project, name, (other) => [chooseNamed(other, name, option)]);
    return { choice, target: choice.backend.describe() };
  }
  if (FILE_NAME.test(name)) {
    const path = isAbsolute(name) ? name : join(directory, name);
    if (option === "--to") return { path, isEncrypted: encrypt };
    const { isEncrypted } = await import("../../../backup/read.ts");
    return { path, isEncrypted: await isEncrypted(path) };
  }
  const meant = nearest(name, known);
  throw new UsageError(`${option}: "${printable(name)}" is neither a backend nor a file`, {
    hint: `Known backends: ${known.join(", ")}` +
      (meant === undefined ? "" : `; did you mean ${meant}?`) +
      `. The name of a backup file has a slash or ends in .azu, .age or .gz: ${
        printable(name)
      }.azu`,
  });
}

/** @throws {UsageError} if both ends are files, or for an option that does not fit the target. */
function checkFiles(
  { from, to }: Pick<Ends, "from" | "to">,
  { overwrite, encrypt, restoreRemoved, removeEnded, ledger, schedule }: CopyOptions,
): void {
  if (isFile(to)) backendEnd(from);
  if (removeEnded && (isFile(from) || isFile(to))) {
    throw new UsageError("--remove-ended only has a meaning between two backends");
  }
  const unfit = isFile(to)
    ? [restoreRemoved && "--restore-removed", ledger !== undefined && "--ledger"]
    : [overwrite && "--overwrite", !encrypt && "--no-encrypt"];
  const [option] = unfit.filter((name) => typeof name === "string");
  if (option !== undefined) {
    const other = isFile(to) ? "a backend" : "a backup file";
    throw new UsageError(`${option} only has a meaning if --to names ${other}`);
  }
  if (isFile(to) && schedule !== undefined && !overwrite) {
    throw new UsageError(`Only the first scheduled run could write ${to.path}`, {
      hint: "Pass --overwrite: a run replaces the file once the new one is complete",
    });
  }
}

/** Says on stderr what is copied where. */
export function showEnds({ project: { environment }, from, to }: Ends, reporter: Reporter): void {
  for (const [word, end] of [["From", from], ["To", to]] as const) {
    const line = isFile(end)
      ? `${word}: file ${endText(end)}`
      : decisionLine(end.choice, environment, end.target).replace(/^Backend/, word);
    reporter.note(line);
  }
}

/** `redis (redis://localhost:6379, keys shop:*)`, or `backup.azu (encrypted)` */
export function endText(end: End): string {
  if (isFile(end)) return `${end.path} (${end.isEncrypted ? "encrypted" : "not encrypted"})`;
  return placeText(end);
}

/** Its name, for a sentence. */
export function nameOf(end: End): string {
  return isFile(end) ? end.path : end.choice.backend.name;
}

/** The same in the JSON document. */
export function endFieldsOf(end: End) {
  if (isFile(end)) {
    return {
      backend: null,
      target: null,
      targetFrom: null,
      file: end.path,
      format: end.isEncrypted ? "age" : "gzip",
    };
  }
  const { address, addressFrom, pattern, table } = end.target;
  return {
    backend: end.choice.backend.name,
    target: address ?? null,
    targetFrom: addressFrom ?? null,
    ...(pattern === undefined ? {} : { pattern }),
    ...(table === undefined ? {} : { table }),
  };
}
