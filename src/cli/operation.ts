/** What every command that operates on stores begins and ends with. */
import type { Backend, Target } from "../backends/contract.ts";
import type { Homes } from "../commands/homes.ts";
import { type Choice, chooseSecond, chooseToOperate } from "../config/choose.ts";
import { checkSamePlace, neighboursOf } from "../config/places.ts";
import type { Environment, Project } from "../config/project.ts";
import { type AzuError, ExitCode, ImpossibleError } from "../core/errors.ts";
import { decisionLine } from "./decision.ts";
import { loadProjectFor } from "./load_project.ts";
import type { GlobalOptions } from "./program.ts";
import { type Host, Interruption } from "./terminal/host.ts";
import type { Reporter } from "./terminal/reporter.ts";

/** A store that a command operates on. */
export interface StorePlace {
  readonly choice: Choice;
  /** The backend's target. Computed once so that all output is consistent. */
  readonly target: Target;
  /** The sessions of other environments that have the same key prefix. */
  readonly neighbours: readonly string[];
}

/** A command, and what it operates on. */
export interface Operation extends StorePlace {
  readonly host: Host;
  readonly reporter: Reporter;
  readonly environment: Environment;
  readonly project: Project;
  /** The other store of an app that moves its sessions; undefined if there is none. */
  readonly second: SecondStore | undefined;
  /** When the command began, in milliseconds since 1970. */
  readonly start: number;
}

export interface SecondStore extends StorePlace {
  /** Whether the sessions have been there until now. */
  readonly isOld: boolean;
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
  const other = chooseSecond(project, choice);
  await checkSamePlace(project, options.backend);
  const warnings = [...project.warnings, ...choice.warnings, ...other?.choice.warnings ?? []];
  for (const warning of new Set(warnings)) reporter.warn(warning);
  const placeOf = async (choice: Choice): Promise<StorePlace> => {
    const target = choice.backend.describe();
    const neighbours = await neighboursOf(project, options.backend, target);
    return { choice, target, neighbours };
  };
  const second = other && { ...await placeOf(other.choice), isOld: other.isOld };
  const { environment } = project;
  return { host, reporter, project, environment, start, second, ...await placeOf(choice) };
}

type StorePlaces = readonly [StorePlace, ...StorePlace[]];

/** The stores, that of `--backend`, the initializer or the config first. */
export function placesOf(operation: Operation): StorePlaces {
  const { second } = operation;
  return second === undefined ? [operation] : [operation, second];
}

/** The store that the sessions have been in until now comes first. */
export function oldFirst(operation: Operation): StorePlaces {
  const { second } = operation;
  return second?.isOld ? [second, operation] : placesOf(operation);
}

/** Which of the two stores a session lives in; undefined if there is only one. */
export function homesIn(operation: Operation): Homes | undefined {
  if (operation.second === undefined) return undefined;
  const [old] = oldFirst(operation);
  const names = [operation.choice.backend.name, operation.second.choice.backend.name] as const;
  return { names, old: old.choice.backend.name };
}

/** The sessions of other environments that have the same key prefix as those of one of the stores. */
export function neighboursIn(operation: Operation): readonly string[] {
  return [...new Set(placesOf(operation).flatMap(({ neighbours }) => neighbours))];
}

/** Says what it operates on: on stderr, with `--quiet` only if a question follows. */
export function showDecision(operation: Operation, isAsked = false): void {
  const { environment, reporter } = operation;
  for (const { choice, target } of placesOf(operation)) {
    const line = decisionLine(choice, environment, target);
    if (isAsked) reporter.say(line);
    else reporter.note(line);
  }
}

/** The fields of the JSON document that say what the command operates on. */
export function operationFields({ choice, environment, target }: Operation) {
  const { backend, decidedBy, ...where } = placeFields({ choice, target });
  return {
    backend,
    decidedBy,
    environment: environment.name,
    environmentFrom: environment.namedBy ?? null,
    ...where,
  };
}

/** The fields that say which store it is. */
export function placeFields({ choice, target }: Pick<StorePlace, "choice" | "target">) {
  const { address, addressFrom, pattern, table } = target;
  const { nodeCache, name } = choice.backend;
  return {
    backend: name,
    decidedBy: choice.decidedBy,
    target: address ?? null,
    targetFrom: addressFrom ?? null,
    ...(pattern === undefined ? {} : { pattern }),
    ...(table === undefined ? {} : { table }),
    ...(nodeCache === undefined ? {} : { channel: nodeCache.channel }),
  };
}

/** The field `stores`, if there are several. */
export function storesField(operation: Operation) {
  return operation.second === undefined ? {} : { stores: oldFirst(operation).map(placeFields) };
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
 * Why sessions of one of the stores cannot be reached from outside the app; undefined if they can.
 * @param done What cannot be done with them: `listed`.
 */
export function unreachableOf(
  operation: Operation,
  done: string,
  options?: (backend: Backend) => AzuError["options"],
): ImpossibleError | undefined {
  const errors = placesOf(operation).map(({ choice: { backend } }) => {
    return unreachable(backend, done, options?.(backend));
  });
  return errors.find((error) => error !== undefined);
}

/** The same of one backend. */
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
