/** The two backends of a copy. */
import type { Target } from "../../../backends/contract.ts";
import { type Choice, chooseNamed } from "../../../config/choose.ts";
import { checkSamePlace, neighboursOf } from "../../../config/places.ts";
import { UsageError } from "../../../core/errors.ts";
import { printable } from "../../../core/text.ts";
import type { Project } from "../../../config/project.ts";
import { decisionLine } from "../../decision.ts";
import { loadProjectFor } from "../../load_project.ts";
import type { Host } from "../../terminal/host.ts";
import type { Reporter } from "../../terminal/reporter.ts";
import type { CopyOptions } from "./action.ts";

/** A backend, and where its sessions are. */
export interface End {
  readonly choice: Choice;
  readonly target: Target;
}

export interface Ends {
  readonly project: Project;
  readonly from: End;
  readonly to: End;
  /** The sessions of other environments that a copy would take, too. */
  readonly neighbours: readonly string[];
}

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
  if (from === to) {
    throw new UsageError(`--from and --to both name ${printable(from)}`, {
      hint: "Name two backends of the config",
    });
  }
  const project = await loadProjectFor(host, options, reporter, { usesDefault: true });
  const end = async (name: string, option: string): Promise<End> => {
    const choice = chooseNamed(project, name, option);
    await checkSamePlace(project, name, (other) => chooseNamed(other, name, option));
    return { choice, target: choice.backend.describe() };
  };
  const ends = { from: await end(from, "--from"), to: await end(to, "--to") };
  const warnings = new Set([
    ...project.warnings,
    ...ends.from.choice.warnings,
    ...ends.to.choice.warnings,
  ]);
  for (const warning of warnings) reporter.warn(warning);
  const neighbours = await neighboursOf(project, from, ends.from.target);
  return { project, ...ends, neighbours };
}

/** Says on stderr what is copied where. */
export function showEnds({ project: { environment }, from, to }: Ends, reporter: Reporter): void {
  for (const [word, { choice, target }] of [["From", from], ["To", to]] as const) {
    const line = decisionLine(choice, environment, target);
    reporter.note(line.replace(/^Backend/, word));
  }
}

/** `redis (redis://localhost:6379, keys shop:*)` */
export function endText({ choice: { backend }, target }: End): string {
  const { address, pattern, table } = target;
  const parts = [
    address,
    pattern === undefined ? undefined : `keys ${pattern}`,
    table === undefined ? undefined : `table ${table}`,
  ].filter((part) => part !== undefined);
  return `${backend.name}${parts.length === 0 ? "" : ` (${parts.join(", ")})`}`;
}

/** The same in the JSON document. */
export function endFieldsOf({ choice: { backend }, target }: End) {
  const { address, addressFrom, pattern, table } = target;
  return {
    backend: backend.name,
    target: address ?? null,
    targetFrom: addressFrom ?? null,
    ...(pattern === undefined ? {} : { pattern }),
    ...(table === undefined ? {} : { table }),
  };
}
