/** Plans the files that `session:setup` writes. `apply.ts` writes them. */
import { INITIALIZER, readAppFile, SHARD_FILE } from "../../app/app.ts";
import { accepted, planFiles, type PlannedFile, type WantedFile } from "../../app/plan.ts";
import { secondStore, statedFor } from "../../app/stated_store.ts";
import { encryptsSessions } from "../../app/source/encryption.ts";
import { appModule } from "../../app/source/modules.ts";
import type { Backend, Shard, Variable } from "../../backends/contract.ts";
import { SHARD_OF_ENGINE } from "../../backends/sql/backend.ts";
import { type Choice, chooseToSetUp } from "../../config/choose.ts";
import { checkSamePlace } from "../../config/places.ts";
import { ALL_OTHERS, type Project } from "../../config/project.ts";
import { recordedIn } from "../../config/session_defaults.ts";
import { ImpossibleError, UsageError } from "../../core/errors.ts";
import { hasVariables, withValues } from "../../core/from_env.ts";
import { isRecord } from "../../core/record.ts";
import { PREVIOUS_SECRETS, SECRET } from "../../core/secrets.ts";
import { listed, printable } from "../../core/text.ts";
import { environmentFiles } from "./environment_files.ts";
import {
  environmentNamed,
  isLocal,
  migrationsOf,
  namesOf,
  type SetupEnvironment,
  type SetupEnvironments,
  setupEnvironments,
  shardsOf,
  tableIn,
  variablesOf,
} from "./environments.ts";
import { initializerFile, insecureCookies } from "./initializer_file.ts";
import { planIntegration } from "./integration.ts";
import { migrationFiles } from "./migration_files.ts";
import { templatesOf } from "./templates.ts";
import { basename, join } from "node:path";

export interface SetupOptions {
  /** The value of `--backend`. */
  readonly backend: string | undefined;
  readonly force: boolean;
  /** Also create the table in the database. */
  readonly apply: boolean;
  readonly now: Date;
}

/** Everything that setup would do. */
export interface SetupPlan {
  /** The backend of the environment at hand. */
  readonly choice: Choice;
  /** The backends by environment; `*` stands for those that the config does not name. */
  readonly backends: Readonly<Record<string, string>>;
  readonly files: readonly PlannedFile[];
  /** The SQL statements to run. Empty unless `--apply` is given. */
  readonly statements: readonly string[];
  /** The backend that they are for. */
  readonly tableBackend: Backend;
  /** What is left to do by hand once the files are written, in order. */
  readonly nextSteps: readonly string[];
  /** Further steps by hand, if the user declines the offered changes. */
  readonly offered: readonly string[];
  readonly warnings: readonly string[];
}

const SESSION_SHARD: Shard = { name: "session", github: "azutoolkit/session" };

/** Folders of an app's source, where its files would be written into themselves. */
const IN_SOURCE = /\/src(?:\/(?:initializers|db|models|endpoints|requests|responses|views)\b.*)?$/;

function belowSource(root: string): UsageError {
  return new UsageError(`${root} is a folder of source, and there is no shard.yml above it`, {
    hint: "Run this command in the folder of the app, or name it with -C",
  });
}

/** @throws {AzuError} if a backend cannot be set up, or a file of the app cannot be read. */
export async function planSetup(project: Project, options: SetupOptions): Promise<SetupPlan> {
  const { root } = project;
  const app = project.app ?? basename(root);
  const shard = await shardFile(root);
  if (shard === undefined && IN_SOURCE.test(root)) throw belowSource(root);
  const variants = await project.variants();
  const recorded = recordedIn([variants.base, ...variants.environments.values()]);
  const context = { app, driver: shard?.driver, recorded };
  const environments = await setupEnvironments(project, options.backend, context);
  const current = environmentNamed(environments, project.environment.name);
  if (options.apply) {
    await checkSamePlace(
      project,
      options.backend,
      (project, flag) => [chooseToSetUp(project, flag, context)],
    );
    checkTable(current, environments, project.environment.name);
  }
  const shards = [SESSION_SHARD, ...shardsOf(environments)];
  const variables = variablesOf(environments);
  const migrations = migrationsOf(environments);
  const templates = await templatesOf(project);
  const module = await appModule(root, app);
  const wanted: WantedFile[] = [await initializerFile(app, module, environments, templates)];
  const planned = migrations === undefined
    ? { files: [], added: [] }
    : await migrationFiles(root, migrations, options.now, templates);
  wanted.push(...planned.files);
  if (shard) wanted.push({ path: SHARD_FILE, content: shard.with(shards), additive: true });
  const environment = await environmentFiles(root, [
    SESSION_SECRET,
    // Where sessions are not encrypted, a new secret needs no list of old ones.
    ...await encryptsSessions(root) ? [PREVIOUS_SECRET] : [],
    ...variables,
  ]);
  const integration = await planIntegration(root, app);
  wanted.push(...environment.wanted, ...integration.wanted);
  return {
    choice: current.choice,
    backends: backendsOf(environments),
    files: await planFiles(root, wanted, options.force),
    statements: options.apply ? statementsFor(current, project) : [],
    tableBackend: tableIn(current).backend,
    nextSteps: [
      ...await nextSteps(project, environments, shards, {
        hasShardFile: shard !== undefined,
        applied: options.apply,
        addedColumns: planned.added,
      }),
      ...integration.steps,
    ],
    offered: integration.offered,
    warnings: [
      ...insecureCookies(app, environments),
      ...overridden(current, environments),
      ...environment.warnings,
      ...integration.warnings,
      ...setupWarnings(
        project,
        environments,
        shard?.driver !== undefined || project.env("DATABASE_URL") !== undefined,
      ),
    ],
  };
}

/** The backend of each environment; those that the config does not name are `*`. */
function backendsOf(environments: SetupEnvironments): Readonly<Record<string, string>> {
  return Object.fromEntries(
    environments.map(({ name = "*", choice }) => [name, choice.backend.name]),
  );
}

/** The statements that create the table, with the values of its variables. */
function statementsFor(current: SetupEnvironment, { env }: Project): string[] {
  return (tableIn(current).migration?.up ?? []).map((lines) =>
    withValues(lines.join("\n"), "the table's name", env)
  );
}

/** The plan with its offered changes accepted. */
export function withOffers(plan: SetupPlan): SetupPlan {
  return { ...plan, files: accepted(plan.files), offered: [] };
}

/** @throws {ImpossibleError} if the environment has no table to create. */
function checkTable(current: SetupEnvironment, all: SetupEnvironments, name: string): void {
  const { backend } = tableIn(current);
  if (backend.capabilities.createTable) return;
  const others = all.filter((each) => tableIn(each).backend.capabilities.createTable);
  const names = namesOf(others, all)?.filter((name) => name !== ALL_OTHERS) ?? [];
  const where = all.length === 1 ? "" : ` (environment ${printable(name)})`;
  throw new ImpossibleError(
    `The ${backend.name} backend has no table to create, so --apply is not possible${where}`,
    names.length === 0 ? {} : {
      hint: `Name an environment with a table by --env: ${listed(names.map(printable))}`,
    },
  );
}

async function shardFile(root: string) {
  const source = await readAppFile(root, SHARD_FILE);
  if (source === undefined) return undefined;
  const { addDependencies, shardDependencies } = await import("../../app/shard.ts");
  const present = shardDependencies(source);
  const engines = (["postgres", "mysql", "sqlite"] as const)
    .filter((engine) => present.includes(SHARD_OF_ENGINE[engine].name));
  return {
    driver: engines.length === 1 ? engines[0] : undefined,
    with: (shards: readonly Shard[]) => addDependencies(source, shards),
  };
}

/** Warnings about values that work, but are probably not meant. */
function setupWarnings(
  project: Project,
  environments: SetupEnvironments,
  isEngineKnown: boolean,
): string[] {
  const warnings = environments.flatMap((environment) => [
    ...urlWarnings(environment),
    ...renamedWarning(project, environment),
    ...isEngineKnown ? [] : engineWarning(environment),
  ]);
  return [...new Set(warnings)];
}

/** A choice that holds for all environments replaces the config's own. */
function overridden(
  { choice: { decidedBy, decidedByText, backend } }: SetupEnvironment,
  environments: SetupEnvironments,
): string[] {
  if (decidedBy !== "flag" && decidedBy !== "environment") return [];
  const others = environments.flatMap(({ config }) => config.session?.backend ?? [])
    .filter((name) => name !== backend.name);
  if (others.length === 0) return [];
  return [
    `${decidedByText} selects ${backend.name} in every environment, instead of ` +
    `${listed([...new Set(others)].map(printable), "and")} as in the config`,
  ];
}

/** Only azu reads the URL in the config. The app reads the variable. */
function urlWarnings({ config, choice, spec, second }: SetupEnvironment): string[] {
  const stores = [{ backend: choice.backend, spec }, ...second === undefined ? [] : [second]];
  return stores.flatMap(({ backend, spec }) => {
    const entry: unknown = config.session?.backends?.[backend.name];
    const [variable] = spec.variables;
    const url = isRecord(entry) ? entry["url"] : undefined;
    if (typeof url !== "string" || hasVariables(url) || variable === undefined) return [];
    return [
      `Only azu uses session.backends.${backend.name}.url: the app reads ${variable.name}, which ` +
      "must have the same value",
    ];
  });
}

/** Sessions name their store, so a new store must not have the name of the old one. */
function renamedWarning({ initializer }: Project, environment: SetupEnvironment): string[] {
  const { name, config, choice: { backend }, spec, second } = environment;
  if (initializer === undefined || second === undefined) return [];
  const stated = statedFor(initializer, name ?? "");
  const target = second.direction === "from" ? backend.name : second.backend.name;
  const isSameType = spec.template === second.spec.template;
  if (secondStore(stated) !== undefined || stated.name !== target || !isSameType) return [];
  const old = second.direction === "from" ? config.session?.migrateFrom : backend.name;
  return [
    `${INITIALIZER} already uses a store that is called "${
      printable(target)
    }". If that is the old ` +
    `store, keep its name, and give the new one another: ${printable(old ?? "")} would otherwise ` +
    "seem to contain copies, and everybody would be logged out",
  ];
}

/** The files depend on the engine, which is unknown if nothing says it. */
function engineWarning({ config, choice: { backend }, spec }: SetupEnvironment): string[] {
  const entry: unknown = config.session?.backends?.[backend.name];
  const isTold = isRecord(entry) && (entry["engine"] ?? entry["url"]) !== undefined;
  if (spec.migration === undefined || isTold) return [];
  return [
    "It is not known which database the app uses (no DATABASE_URL, and not one driver in shard.yml): " +
    "the files are for PostgreSQL",
  ];
}

export const SESSION_SECRET: Variable = {
  name: SECRET,
  shape: "at least 32 random bytes, for example the output of `azu session:secret`",
};

const PREVIOUS_SECRET: Variable = {
  name: PREVIOUS_SECRETS,
  shape: "the secrets before it, separated by commas, while they must open encrypted sessions",
};

/** Returns the manual steps outside the app's source. */
async function nextSteps(
  project: Project,
  environments: SetupEnvironments,
  shards: readonly Shard[],
  done: {
    readonly hasShardFile: boolean;
    readonly applied: boolean;
    /** The columns for which this run writes migrations. */
    readonly addedColumns: readonly string[];
  },
): Promise<string[]> {
  const steps: string[] = [];
  if (!done.hasShardFile) {
    const list = shards.map(({ name, github }) => `${name} (github: ${github})`).join(", ");
    steps.push(`Create a shard.yml with these dependencies: ${list}`);
  }
  if (!await allInstalled(project.root, shards)) steps.push("Install the shards: shards install");
  const needSecret = environments.filter(({ name }) => !isLocal(name));
  const secret = { ...SESSION_SECRET, isNeeded: true, environments: needSecret };
  for (const variable of [secret, ...variablesOf(environments)]) {
    if (!variable.isNeeded || isSet(project, variable.name)) continue;
    const where = whereOf(variable.environments, environments);
    steps.push(`Set ${variable.name} in the environment${where}: ${variable.shape}`);
  }
  steps.push(...tableSteps(project, environments, done));
  if (environments.some(({ name }) => name === "development")) {
    steps.push("On a developer's machine, start the app with AZU_ENV=development");
  }
  return steps;
}

/** What is left to do in the databases. */
function tableSteps(
  project: Project,
  environments: SetupEnvironments,
  { applied, addedColumns }: { applied: boolean; addedColumns: readonly string[] },
): string[] {
  const tables = new Set(environments.map((each) => JSON.stringify(tableIn(each).migration)));
  const isSameEverywhere = tables.size === 1;
  const current = environmentNamed(environments, project.environment.name);
  const left = environments.filter((environment) => {
    const isDone = applied && (isSameEverywhere || environment === current);
    return tableIn(environment).migration !== undefined && !isDone;
  });
  if (left.length === 0) return [];
  const options = isSameEverywhere ? "--apply" : "--env <name> --apply for each";
  const where = whereOf(left, environments);
  const what = addedColumns.length === 0
    ? `Create the table${where}`
    : `Before you deploy the app, add ${listed(addedColumns, "and")} to the table${where}`;
  return [`${what}: run this command with ${options}, or the framework's own azu db:migrate`];
}

/** Whether the app, which reads only the environment, has a variable. */
function isSet(project: Project, name: string): boolean {
  const value = project.isInDotenv(name) ? undefined : project.env(name);
  if (value === undefined) return false;
  return name !== SESSION_SECRET.name || new TextEncoder().encode(value).length >= 32;
}

/** ` (test and staging)`; empty if it is everywhere. */
function whereOf(environments: readonly SetupEnvironment[], all: SetupEnvironments): string {
  const names = namesOf(environments, all);
  return names === undefined ? "" : ` (${listed(names.map(printable), "and")})`;
}

async function allInstalled(root: string, shards: readonly Shard[]): Promise<boolean> {
  const found = await Promise.all(
    shards.map(({ name }) =>
      Deno.stat(join(root, "lib", name)).then(({ isDirectory }) => isDirectory, () => false)
    ),
  );
  return found.every(Boolean);
}
