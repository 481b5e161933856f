import { variableOf } from "../core/from_env.ts";
import type { BackendContext } from "./contract.ts";

/** Where the URL of a backend comes from. */
export interface UrlSource {
  /** Undefined if nothing states it. */
  readonly url: string | undefined;
  /** For messages: `REDIS_URL`, `REDIS_URL in .env`, `the config` or `the default`. */
  readonly from: string;
  /** The variable that the app reads. */
  readonly variable: string;
}

/**
 * @param configured The URL in the config, or `fromEnv` with the name of a variable.
 * @param usual The variable if neither the config nor the app's source names one.
 */
export function urlSource(
  configured: string | undefined,
  usual: string,
  { env, isInDotenv, stated }: BackendContext,
): UrlSource {
  const named = variableOf(configured ?? "");
  const variable = stated.urlVariable ?? named ?? usual;
  if (configured !== undefined && named === undefined) {
    return { url: configured, from: "the config", variable };
  }
  const url = env(variable);
  if (isInDotenv(variable)) return { url, from: `${variable} in .env`, variable };
  return { url, from: url === undefined ? "the default" : variable, variable };
}
