/** What every command that operates on a store begins and ends with. */
import type { Backend, Target } from "../backends/contract.ts";
import { type Choice, chooseToOperate } from "../config/choose.ts";
import { checkSamePlace, neighboursOf } from "../config/places.ts";
import type { Environment, Project } from "../config/project.ts";
import { type AzuError, ExitCode, ImpossibleError } from "../core/errors.ts";
import { decisionLine } from "./decision.ts";
import { loadProjectFor } from "./load_project.ts";
import type { GlobalOptions } from "./program.ts";
import { type Host, Interruption } from "./terminal/host.ts";
import type { Reporter } from "./terminal/reporter.ts";

/** A command, and what it operates on. */
export interface Operation {
  readonly host: Host;
  readonly reporter: Reporter;
  readonly choice: Choice;
  readonly environment: Environment;
  /** The backend's target. Computed once so that all output is consistent. */
  readonly target: Target;
  /** The sessions of other environments that have the same key prefix. */
  readonly neighbours: readonly string[];
  readonly project: Project;
  /** When the command began, in milliseconds since 1970. */
  readonly start: number;
}

/**
 * Selects what a command operates on, and warns of what is doubtful about that.
 * @throws {UsageError} if it is not certain what is meant.
 */
export async function operationFor(
  host: Host,
  options: GlobalOptions & { readonly backend?: string | undefined },
  reporter: Reporter,
): Promise<Operation> {
  const start = host.now().getTime();
  const project = await loadProjectFor(host, options, reporter, { usesDefault: true });
  const choice = chooseToOperate(project, options.backend);
  await checkSamePlace(project, options.backend);
  for (const warning of [...project.warnings, ...choice.warnings]) reporter.warn(warning);
  const { environment } = project;
  const target = choice.backend.describe();
  const neighbours = await neighboursOf(project, options.backend, target);
  return { host, reporter, project, choice, environment, target, neighbours, start };
}

/** Says what it operates on: on stderr, with `--quiet` only if a question follows. */
export function showDecision(
  { choice, environment, target, reporter }: Operation,
  isAsked = false,
): void {
  const line = decisionLine(choice, environment, target);
  if (isAsked) reporter.say(line);
  else reporter.note(line);
}

/** The fields of the JSON document that say what the command operates on. */
export function operationFields({ choice, environment, target }: Operation) {
  const { address, addressFrom, pattern, table } = target;
  const { nodeCache, name } = choice.backend;
  return {
    backend: name,
    decidedBy: choice.decidedBy,
    environment: environment.name,
    environmentFrom: environment.namedBy ?? null,
    target: address ?? null,
    targetFrom: addressFrom ?? null,
    ...(pattern === undefined ? {} : { pattern }),
    ...(table === undefined ? {} : { table }),
    ...(nodeCache === undefined ? {} : { channel: nodeCache.channel }),
  };
}

/** The last fields of the JSON document. */
export function endFields({ host, start }: Operation, exitCode: ExitCode) {
  return { exitCode, durationMs: host.now().getTime() - start };
}

/** The exit code after an interruption. */
export function interruptedCode({ signal }: Host): ExitCode {
  return signal.reason instanceof Interruption ? signal.reason.exitCode : ExitCode.interrupted;
}

/**
 * Why sessions cannot be reached from outside the app; undefined if they can.
 * @param done What cannot be done with them: `listed`.
 */
export function unreachable(
  { name, capabilities: { clear } }: Backend,
  done: string,
  options: AzuError["options"] = {},
): ImpossibleError | undefined {
  if (clear === true) return undefined;
  return new ImpossibleError(
    `Sessions of the ${name} backend cannot be ${done} from outside the app`,
    options,
  );
}
