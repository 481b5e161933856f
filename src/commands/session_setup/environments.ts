/** What setup has to write for each environment of the config. */
import type {
  Backend,
  BackendContext,
  Migration,
  SetupSpec,
  Shard,
  Variable,
} from "../../backends/contract.ts";
import { type Choice, chooseToSetUp, secondToSetUp } from "../../config/choose.ts";
import { ALL_OTHERS, DEFAULT_ENVIRONMENT, type Project } from "../../config/project.ts";
import type { Config } from "../../config/schema.ts";
import { ImpossibleError } from "../../core/errors.ts";
import { variablesIn } from "../../core/from_env.ts";
import { isRecord } from "../../core/record.ts";

/** An environment, and the backend that its sessions are in. */
export interface SetupEnvironment {
  /** Undefined for all environments that the config does not name. */
  readonly name: string | undefined;
  readonly config: Config;
  readonly choice: Choice;
  readonly spec: SetupSpec;
  /** The store that sessions move from or to. */
  readonly second?: SecondStore;
}

/** The second store of an app that moves its sessions. */
export interface SecondStore {
  readonly direction: "from" | "to";
  readonly backend: Backend;
  readonly spec: SetupSpec;
}

/** The environments of a config: first all that it does not name. */
export type SetupEnvironments = readonly [base: SetupEnvironment, ...named: SetupEnvironment[]];

/** @throws {ImpossibleError} if azu cannot set up the backend of an environment. */
export async function setupEnvironments(
  project: Project,
  flag: string | undefined,
  context: Pick<BackendContext, "app" | "driver" | "recorded">,
): Promise<SetupEnvironments> {
  const { base, environments } = await project.variants();
  const environment = (name: string | undefined, config: Config): SetupEnvironment => {
    const choice = chooseToSetUp({ ...project, config }, flag, context);
    const { backend } = choice;
    const second = secondStore(
      backend.name,
      config,
      (name) => secondToSetUp({ ...project, config }, name, context),
    );
    return {
      name,
      config,
      choice,
      spec: setupOf(backend, config),
      ...(second === undefined ? {} : { second }),
    };
  };
  return [
    environment(undefined, base),
    ...Array.from(environments, ([name, config]) => environment(name, config)),
  ];
}

/** Undefined if the config names none, or something else than the config chose the first one. */
function secondStore(
  first: string,
  config: Config,
  bind: (name: string) => Backend,
): SecondStore | undefined {
  const { backend, migrateFrom, migrateTo } = config.session ?? {};
  const name = migrateFrom ?? migrateTo;
  if (name === undefined || backend !== undefined && backend !== first) return undefined;
  const direction = migrateFrom === undefined ? "to" : "from";
  const second = bind(name);
  return { direction, backend: second, spec: setupOf(second, config) };
}

function setupOf(backend: Backend, config: Config): SetupSpec {
  if (backend.setup === undefined) throw cannotSetUp(backend.name, config);
  return backend.setup;
}

/** What setup writes for the stores of an environment. */
export function specsOf({ spec, second }: SetupEnvironment): SetupSpec[] {
  return second === undefined ? [spec] : [spec, second.spec];
}

function cannotSetUp(backend: string, config: Config): ImpossibleError {
  const entry: unknown = config.session?.backends?.[backend];
  const problem = `The ${backend} backend cannot be set up by azu`;
  if (!isRecord(entry) || entry["layout"] === undefined) {
    return new ImpossibleError(problem, {
      hint: "It has no `setup`: add its store to the app by hand",
    });
  }
  const key = `session.backends.${backend}.layout`;
  return new ImpossibleError(`${problem}: ${key} describes sessions of other software`, {
    hint: `Nothing was written; for an app that azu sets up, remove ${key} from the config`,
  });
}

/** The environment whose values apply under a name. */
export function environmentNamed(
  [base, ...named]: SetupEnvironments,
  name: string,
): SetupEnvironment {
  return named.find((environment) => environment.name === name) ?? base;
}

/** Whether the app needs no secret there, and may use plain HTTP. */
export function isLocal(name: string | undefined): boolean {
  return name === "development" || name === "test";
}

/** The names of environments for messages; undefined if they are all that there are. */
export function namesOf(
  environments: readonly SetupEnvironment[],
  all: SetupEnvironments,
): string[] | undefined {
  if (environments.length === all.length) return undefined;
  const named = all.flatMap(({ name }) => name ?? []);
  return environments.map(({ name }) => {
    if (name !== undefined) return name;
    return named.includes(DEFAULT_ENVIRONMENT) ? ALL_OTHERS : DEFAULT_ENVIRONMENT;
  });
}

/** The shards that the environments need, each once. */
export function shardsOf(environments: SetupEnvironments): Shard[] {
  const shards = environments.flatMap(specsOf).flatMap(({ shards }) => shards);
  return distinct(shards, ({ name }) => name);
}

/** What the initializer requires for them, each once. */
export function requiresOf(environments: SetupEnvironments): string[] {
  return [...new Set(environments.flatMap(specsOf).flatMap(({ requires }) => requires))];
}

/** A variable that the app reads, and where. */
export interface SetupVariable extends Variable {
  /** Whether the app does not start without it. */
  readonly isNeeded: boolean;
  readonly environments: readonly SetupEnvironment[];
}

/** The variables that the app reads, besides SESSION_SECRET. */
export function variablesOf(environments: SetupEnvironments): SetupVariable[] {
  const found = environments.flatMap((environment) =>
    specsOf(environment).flatMap((spec) => [
      ...spec.variables.map((variable) => ({ ...variable, isNeeded: true })),
      ...inTexts(spec),
    ]).map((variable) => ({ variable, environment }))
  );
  const byName = Map.groupBy(found, ({ variable }) => variable.name);
  return [...byName.values()].flatMap((uses) => {
    const [first] = uses;
    if (first === undefined) return [];
    const needed = uses.filter(({ variable }) => variable.isNeeded);
    const isNeeded = needed.length > 0;
    const shape = [...new Set(uses.map(({ variable }) => variable.shape))].join(" or ");
    const environments = new Set((isNeeded ? needed : uses).map(({ environment }) => environment));
    return [{ ...first.variable, shape, isNeeded, environments: [...environments] }];
  });
}

/** The variables that the config names with `fromEnv`. */
function inTexts({ values }: SetupSpec): (Variable & { isNeeded: boolean })[] {
  const texts = [["key prefix", values.keyPrefix], ["table's name", values.table]] as const;
  return texts.flatMap(([what, text = ""]) =>
    variablesIn(text).map(({ name, fallback }) => ({
      name,
      shape: `a part of the ${what}` + (fallback === undefined ? "" : `; default: ${fallback}`),
      isNeeded: fallback === undefined,
    }))
  );
}

/** The table of an environment: that of the first store, or else of the second one. */
export function tableIn(
  { choice, spec, second }: SetupEnvironment,
): { readonly backend: Backend; readonly migration: Migration | undefined } {
  return second !== undefined && spec.migration === undefined
    ? { backend: second.backend, migration: second.spec.migration }
    : { backend: choice.backend, migration: spec.migration };
}

/** The migration of each environment; undefined if none has a table. */
export function migrationsOf(
  environments: SetupEnvironments,
): ReadonlyMap<string | undefined, Migration | undefined> | undefined {
  const migrations = environments.map((each) => [each.name, tableIn(each).migration] as const);
  return migrations.every(([, migration]) => migration === undefined)
    ? undefined
    : new Map(migrations);
}

function distinct<T>(values: readonly T[], keyOf: (value: T) => string): T[] {
  return [...Map.groupBy(values, keyOf).values()].flatMap(([first]) => first ?? []);
}
