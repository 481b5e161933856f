import { basename } from "node:path";
import * as v from "valibot";
import { messageOf, Problems, UsageError } from "../core/errors.ts";
import { merge } from "../core/record.ts";
import { redact } from "../core/redact.ts";
import { listed } from "../core/text.ts";
import { within } from "../core/within.ts";
import * as azu from "../mod.ts";
import { type ConfigHost, evaluateConfig } from "./evaluate.ts";
import { type Config, configSchema } from "./schema.ts";
import { validateConfig } from "./validate.ts";

/** The values of a config file, with those of the selected environment applied. */
export interface LoadedConfig {
  readonly config: Config;
  /** The environments that it names; for a function, also development, test and production. */
  readonly environments: readonly string[];
  /** The environment that applies if none is named; undefined if none does. */
  readonly usual: string | undefined;
  readonly warnings: readonly string[];
}

/** If the config is a function, it is called for each of these, to get all that it may return. */
const USUAL_ENVIRONMENTS = ["development", "test", "production"];

/** Milliseconds for the promises of a config. */
const EVALUATION_LIMIT = 10_000;

/** A config that has been evaluated. */
export interface OpenConfig {
  /**
   * Validates its values, and applies one environment.
   * @param environment Undefined for none.
   * @param isNamed Whether a variable names it.
   * @throws {UsageError} with a line for each problem.
   */
  load(environment: string | undefined, isNamed: boolean): Promise<LoadedConfig>;
}

/** @throws {UsageError} if the config cannot be evaluated. */
export async function openConfig(
  path: string,
  host: Pick<ConfigHost, "env" | "print">,
): Promise<OpenConfig> {
  const name = basename(path);
  const inTime = async <T>(work: Promise<T>) =>
    await within(work, {
      ms: EVALUATION_LIMIT,
      late: () => new UsageError(`${name}: still not evaluated after ${EVALUATION_LIMIT / 1000} s`),
    });
  // Imports are relative to the file itself, also if the config is a link.
  const file = await Deno.realPath(path);
  const exported = await inTime(evaluateConfig(file, { azu: { ...azu }, ...host }));
  return {
    async load(environment, isNamed) {
      const value = exported.call === undefined
        ? exported.value
        : await inTime(exported.call(environment ?? "production"));
      const checked = validated(value, name);
      if (checked.problems) {
        throw new Problems(checked.problems.map((problem) => `${name}: ${problem}`));
      }
      const byFunction = exported.call !== undefined;
      const { environments = {} } = checked.config;
      const names = [...byFunction ? USUAL_ENVIRONMENTS : [], ...Object.keys(environments)];
      return {
        ...narrowed(checked.config, environment, isNamed, name),
        environments: [...new Set(names)],
        usual: byFunction ? "production" : undefined,
      };
    },
  };
}

/** Getters and proxies of the config run here, and may throw. */
function validated(value: unknown, name: string) {
  try {
    return validateConfig(value);
  } catch (error) {
    throw new UsageError(`${name}: cannot be read: ${redact(messageOf(error))}`, { cause: error });
  }
}

function narrowed(
  config: Config,
  environment: string | undefined,
  isNamed: boolean,
  name: string,
) {
  const { environments = {}, ...base } = config;
  if (environment === undefined) return { config: base, warnings: [] };
  const overrides = Object.hasOwn(environments, environment)
    ? environments[environment]
    : undefined;
  const warnings = isNamed ? unknownEnvironment(Object.keys(environments), environment, name) : [];
  if (overrides === undefined) return { config: base, warnings };
  const merged = merge(base, overrides);
  if (!v.is(configSchema, merged)) {
    throw new UsageError(`${name}: environments.${environment} contradicts the other settings`);
  }
  return { config: merged, warnings };
}

/** Without this warning, a mistyped AZU_ENV would silently skip its overrides. */
function unknownEnvironment(known: string[], environment: string, name: string): string[] {
  if (known.length === 0 || known.includes(environment)) return [];
  if (environment === "development" || environment === "test") return [];
  return [
    `AZU_ENV is "${environment}", but ${name} has only the environments ${listed(known, "and")}`,
  ];
}
