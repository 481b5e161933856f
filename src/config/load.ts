import { basename } from "node:path";
import * as v from "valibot";
import { messageOf, Problems, UsageError } from "../core/errors.ts";
import { merge } from "../core/record.ts";
import { redact } from "../core/redact.ts";
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
   * @throws {UsageError} with a line for each problem.
   */
  load(environment: string | undefined): Promise<LoadedConfig>;
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
    async load(environment) {
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
        config: narrowed(checked.config, environment, name),
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

function narrowed(config: Config, environment: string | undefined, name: string): Config {
  const { environments = {}, ...base } = config;
  const overrides = environment !== undefined && Object.hasOwn(environments, environment)
    ? environments[environment]
    : undefined;
  if (overrides === undefined) return base;
  const merged = merge(base, overrides);
  if (!v.is(configSchema, merged)) {
    throw new UsageError(`${name}: environments.${environment} contradicts the other settings`);
  }
  return merged;
}
