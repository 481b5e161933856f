/** The initializer that setup writes: one source with the settings of every environment. */
import { INITIALIZER } from "../../app/app.ts";
import type { Templates } from "../../app/crystal_templates.ts";
import type { WantedFile } from "../../app/plan.ts";
import type { EnvironmentSettings } from "../../app/render_templates.ts";
import type { BackendContext, SetupSpec } from "../../backends/contract.ts";
import { type Choice, chooseToSetUp } from "../../config/choose.ts";
import type { Project } from "../../config/project.ts";
import type { Config } from "../../config/schema.ts";
import { cookieSettings, slidingOf, ttlOf } from "../../config/session_defaults.ts";
import { listed, printable } from "../../core/text.ts";

export interface InitializerPlan {
  readonly project: Project;
  readonly app: string;
  /** The app's module. */
  readonly module: string;
  readonly choice: Choice;
  readonly spec: SetupSpec;
  readonly driver: BackendContext["driver"];
  readonly templates: Templates;
}

/** The file, and warnings about settings that differ but must be the same in one source. */
export async function initializerFile(
  plan: InitializerPlan,
): Promise<{ readonly file: WantedFile; readonly warnings: readonly string[] }> {
  const { project, app, spec } = plan;
  const valuesOf = (config: Config) =>
    chooseToSetUp({ ...project, config }, plan.choice.backend.name, plan).backend.setup?.values ??
      {};
  const variants = await project.variants();
  const environments = new Map<string, EnvironmentSettings>();
  const warnings: string[] = [];
  for (const [name, config] of variants.environments) {
    const values = valuesOf(config);
    environments.set(name, settingsOf(config, app, values));
    warnings.push(
      ...fixedDifferences(`environments.${name}`, spec.values, values),
      ...otherBackend(plan, name, config),
    );
  }
  const baseValues = valuesOf(variants.base);
  // Settings that cannot differ are those of the environment in AZU_ENV. Warns if others differ.
  if (warnings.length === 0) {
    warnings.push(...fixedDifferences("The config's base", spec.values, baseValues));
  }
  const base = settingsOf(variants.base, app, baseValues);
  warnings.push(...insecureCookies(base, environments));
  const { nodeCache, ...values } = spec.values;
  const { renderInitializer } = await import("../../app/render_templates.ts");
  const content = renderInitializer({
    ...values,
    ...(nodeCache === undefined ? {} : { clusterChannel: nodeCache.channel }),
    app,
    module: plan.module,
    template: spec.template,
    requires: spec.requires,
    base,
    environments,
  }, plan.templates);
  return { file: { path: INITIALIZER, content }, warnings };
}

function settingsOf(
  config: Config,
  app: string,
  { poolSize, poolTimeout, cleanupInterval, nodeCache }: SetupSpec["values"],
): EnvironmentSettings {
  return {
    ttl: ttlOf(config),
    sliding: slidingOf(config),
    cookie: cookieSettings(config, app),
    ...(poolSize === undefined ? {} : { poolSize }),
    ...(poolTimeout === undefined ? {} : { poolTimeout }),
    ...(cleanupInterval === undefined ? {} : { cleanupInterval }),
    ...(nodeCache === undefined ? {} : { cacheTtl: nodeCache.cacheTtl }),
  };
}

/** `azu session:clear` reads these from the source, so they are equal in all environments. */
function fixedDifferences(
  where: string,
  base: SetupSpec["values"],
  other: SetupSpec["values"],
): string[] {
  const fixed = [
    ["key prefix", base.keyPrefix, other.keyPrefix],
    ["table", base.table, other.table],
    ["database engine", base.engine, other.engine],
    ["channel for nodes that cache", base.nodeCache?.channel, other.nodeCache?.channel],
  ] as const;
  return fixed.filter(([, here, there]) => here !== there).map(([what, here, there]) =>
    `${where} has ${there === undefined ? "no" : "a different"} ${what}${quoted(there)}, but the ` +
    `source uses ${here === undefined ? "none" : `"${printable(here)}"`} in every environment`
  );
}

function quoted(value: string | undefined): string {
  return value === undefined ? "" : `, "${printable(value)}"`;
}

function otherBackend(
  { project, choice }: InitializerPlan,
  name: string,
  config: Config,
): string[] {
  const backend = config.session?.backend;
  if (backend === undefined || backend === project.config.session?.backend) return [];
  if (backend === choice.backend.name) return [];
  return [
    `environments.${name} has the backend ${backend}, but the source uses ` +
    `${choice.backend.name} in every environment`,
  ];
}

/** Warns about cookies over plain HTTP, except on a developer's machine. */
function insecureCookies(
  base: EnvironmentSettings,
  environments: ReadonlyMap<string, EnvironmentSettings>,
): string[] {
  const insecure = [...environments].filter(([name, { cookie }]) =>
    !cookie.secure && name !== "development" && name !== "test"
  ).map(([name]) => `in ${printable(name)}`);
  if (!base.cookie.secure) insecure.unshift("by default");
  if (insecure.length === 0) return [];
  return [
    `The config sets secure: false for the session cookie (${listed(insecure, "and")}): ` +
    "browsers send it over plain HTTP too",
  ];
}
