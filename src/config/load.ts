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

/**
 * Evaluates and validates a config file, and applies one environment.
 * @param environment Undefined for none.
 * @throws {UsageError} with a line for each problem.
 */
export async function loadConfig(
  path: string,
  environment: string | undefined,
  host: Pick<ConfigHost, "env" | "print">,
): Promise<LoadedConfig> {
  const name = basename(path);
  const evaluated = evaluateConfig(path, environment ?? "development", {
    azu: { ...azu },
    ...host,
  });
  const { value, byFunction } = await within(evaluated, {
    ms: EVALUATION_LIMIT,
    late: () => new UsageError(`${name}: still not evaluated after ${EVALUATION_LIMIT / 1000} s`),
  });
  const checked = validated(value, name);
  if (checked.problems) {
    throw new Problems(checked.problems.map((problem) => `${name}: ${problem}`));
  }
  const { environments = {} } = checked.config;
  const names = [...byFunction ? USUAL_ENVIRONMENTS : [], ...Object.keys(environments)];
  return {
    ...narrowed(checked.config, environment, name),
    environments: [...new Set(names)],
    usual: byFunction ? "production" : undefined,
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

function narrowed(config: Config, environment: string | undefined, name: string) {
  const { environments = {}, ...base } = config;
  if (environment === undefined) return { config: base, warnings: [] };
  const overrides = Object.hasOwn(environments, environment)
    ? environments[environment]
    : undefined;
  const warnings = unknownEnvironment(Object.keys(environments), environment, name);
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
