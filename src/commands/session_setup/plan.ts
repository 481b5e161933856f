/** Plans the files that `session:setup` writes. `apply.ts` writes them. */
import { readAppFile, SHARD_FILE } from "../../app/app.ts";
import { accepted, planFiles, type PlannedFile, type WantedFile } from "../../app/plan.ts";
import { appModule } from "../../app/source/app_module.ts";
import type { Backend, SetupSpec, Shard, Variable } from "../../backends/contract.ts";
import { SHARD_OF_ENGINE } from "../../backends/sql/backend.ts";
import { type Choice, chooseToSetUp } from "../../config/choose.ts";
import type { Project } from "../../config/project.ts";
import { ImpossibleError, UsageError } from "../../core/errors.ts";
import { isRecord } from "../../core/record.ts";
import { environmentFiles } from "./environment_files.ts";
import { initializerFile } from "./initializer_file.ts";
import { planIntegration } from "./integration.ts";
import { migrationFile } from "./migration_file.ts";
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
  readonly choice: Choice;
  readonly files: readonly PlannedFile[];
  /** The SQL statements to run. Empty unless `--apply` is given. */
  readonly statements: readonly string[];
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

/** @throws {AzuError} if the backend cannot be set up, or a file of the app cannot be read. */
export async function planSetup(project: Project, options: SetupOptions): Promise<SetupPlan> {
  const { root } = project;
  const app = project.app ?? basename(root);
  const shard = await shardFile(root);
  if (shard === undefined && IN_SOURCE.test(root)) throw belowSource(root);
  const choice = chooseToSetUp(project, options.backend, { app, driver: shard?.driver });
  const spec = setupSpecOf(choice.backend, options.apply);
  const shards = [SESSION_SHARD, ...spec.shards];
  const templates = await templatesOf(project);
  const module = await appModule(root, app);
  const driver = shard?.driver;
  const initializer = await initializerFile({
    project,
    app,
    module,
    choice,
    spec,
    driver,
    templates,
  });
  const wanted: WantedFile[] = [initializer.file];
  if (spec.migration) {
    wanted.push(await migrationFile(root, spec.migration, options.now, templates));
  }
  if (shard) wanted.push({ path: SHARD_FILE, content: shard.with(shards), additive: true });
  const environment = await environmentFiles(root, [SESSION_SECRET, ...spec.variables]);
  const integration = await planIntegration(root, app);
  wanted.push(...environment.wanted, ...integration.wanted);
  return {
    choice,
    files: await planFiles(root, wanted, options.force),
    statements: options.apply ? spec.migration?.up.map((lines) => lines.join("\n")) ?? [] : [],
    nextSteps: [
      ...await nextSteps(project, spec, shards, {
        hasShardFile: shard !== undefined,
        applied: options.apply,
      }),
      ...integration.steps,
    ],
    offered: integration.offered,
    warnings: [
      ...choice.warnings,
      ...initializer.warnings,
      ...environment.warnings,
      ...integration.warnings,
      ...setupWarnings(project, choice.backend, driver),
    ],
  };
}

/** The plan with its offered changes accepted. */
export function withOffers(plan: SetupPlan): SetupPlan {
  return { ...plan, files: accepted(plan.files), offered: [] };
}

function setupSpecOf(backend: Backend, apply: boolean): SetupSpec {
  if (backend.setup === undefined) {
    throw new ImpossibleError(`The ${backend.name} backend cannot be set up by azu`, {
      hint: "It has no `setup`: add its store to the app by hand",
    });
  }
  if (apply && !backend.capabilities.createTable) {
    throw new ImpossibleError(
      `The ${backend.name} backend has no table to create, so --apply is not possible`,
    );
  }
  return backend.setup;
}

async function shardFile(root: string) {
  const source = await readAppFile(root, SHARD_FILE);
  if (source === undefined) return undefined;
  const { addDependencies, shardDependencies } = await import("../../app/shard.ts");
  const present = shardDependencies(source);
  const engines = ["postgres", "mysql", "sqlite"] as const;
  return {
    driver: engines.find((engine) => present.includes(SHARD_OF_ENGINE[engine].name)),
    with: (shards: readonly Shard[]) => addDependencies(source, shards),
  };
}

/** Warnings about values that work, but are probably not meant. */
export function setupWarnings(
  project: Project,
  backend: Backend,
  driver: string | undefined,
): string[] {
  return [...urlWarning(project, backend), ...engineWarning(backend, driver)];
}

/** Only azu reads the URL in the config. The app reads the variable. */
function urlWarning(project: Project, { name, setup }: Backend): string[] {
  const entry: unknown = project.config.session?.backends?.[name];
  const [variable] = setup?.variables ?? [];
  if (!isRecord(entry) || entry["url"] === undefined || variable === undefined) return [];
  return [
    `Only azu uses session.backends.${name}.url: the app reads ${variable.name}, which must have ` +
    "the same value",
  ];
}

/** The files depend on the engine, which is unknown if there is neither a URL nor a driver. */
function engineWarning(backend: Backend, driver: string | undefined): string[] {
  const told = backend.describe().address ?? driver;
  if (!backend.setup?.migration || told !== undefined) return [];
  return [
    "It is not known which database the app uses (no DATABASE_URL, no driver in shard.yml): " +
    "the files are for PostgreSQL",
  ];
}

export const SESSION_SECRET: Variable = {
  name: "SESSION_SECRET",
  shape: "at least 32 random bytes, for example the output of `openssl rand -hex 32`",
};

/** Returns the manual steps outside the app's source. */
export async function nextSteps(
  project: Project,
  spec: SetupSpec,
  shards: readonly Shard[],
  done: { readonly hasShardFile: boolean; readonly applied: boolean },
): Promise<string[]> {
  const steps: string[] = [];
  const encoder = new TextEncoder();
  if (!done.hasShardFile) {
    const list = shards.map(({ name, github }) => `${name} (github: ${github})`).join(", ");
    steps.push(`Create a shard.yml with these dependencies: ${list}`);
  }
  if (!await allInstalled(project.root, shards)) steps.push("Install the shards: shards install");
  for (const { name, shape } of [SESSION_SECRET, ...spec.variables]) {
    // The app reads only the environment.
    const value = project.isInDotenv(name) ? undefined : project.env(name);
    const isShort = name === SESSION_SECRET.name && encoder.encode(value ?? "").length < 32;
    if (value === undefined || isShort) steps.push(`Set ${name} in the environment: ${shape}`);
  }
  if (spec.migration && !done.applied) {
    steps.push(
      "Create the table: run this command with --apply, or the framework's own azu db:migrate",
    );
  }
  return steps;
}

async function allInstalled(root: string, shards: readonly Shard[]): Promise<boolean> {
  const found = await Promise.all(
    shards.map(({ name }) =>
      Deno.stat(join(root, "lib", name)).then(({ isDirectory }) => isDirectory, () => false)
    ),
  );
  return found.every(Boolean);
}
