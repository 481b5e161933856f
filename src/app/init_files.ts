/** The files that `init` writes: a config, made from the one of this repository, and its types. */
import configTemplate from "../../azu.config.ts" with { type: "text" };
import typesTemplate from "../../templates/azu.d.ts" with { type: "text" };
import { partsOf } from "../core/from_env.ts";

export { configTemplate as exampleConfig, typesTemplate };

/** The sessions of an environment, as far as a config states them. */
export interface SessionValues {
  readonly backend: "redis" | "database" | "memory";
  /** May contain variables; null if it is not certain. */
  readonly keyPrefix?: string | null;
  /** May contain variables; null if it is not certain. */
  readonly table?: string | null;
  readonly engine?: string | undefined;
  readonly cluster?: boolean | { readonly channel: string; readonly cacheTtl?: string | undefined };
}

export interface ConfigValues {
  readonly base: SessionValues;
  /** What differs from it in an environment. */
  readonly environments?: Readonly<Record<string, SessionValues>>;
}

/**
 * The text of a config.
 * @param app The app's name.
 * @param types The name of the file with the types.
 */
export function renderConfig(
  app: string,
  { base, environments = {} }: ConfigValues,
  types: string,
): string {
  // Other names would need escaping in the middle of values.
  const name = /^[\w.-]{1,100}$/.test(app) ? app : "my_app";
  const end = configTemplate.indexOf("  environments: {\n");
  const start = configTemplate.slice(0, end).replaceAll(/"shop(?=[":_])/g, () => `"${name}`);
  const config = start
    .replace('backend: "redis"', () => `backend: "${base.backend}"`)
    .replace(
      /^( *)keyPrefix: "[^"]*",$/m,
      (line, indent: string) =>
        [setting("keyPrefix", base.keyPrefix, line.trim()), ...clusterLines(base)]
          .map((text) => indent + text).join("\n"),
    )
    .replace(
      /^( *)table: "[^"]*",$/m,
      (line, indent: string) =>
        [setting("table", base.table, line.trim()), ...engineLines(base)]
          .map((text) => indent + text).join("\n"),
    ) +
    `  environments: {\n${environmentLines(base, environments)}  },\n});\n`;
  return `/// <reference path="./${types}" />\n${imported(config)}`;
}

/** `fromEnv` is imported where the code uses it; a comment only mentions it. */
function imported(config: string): string {
  return /^[^/\n]*\bfromEnv\(/m.test(config)
    ? config.replace("import { defineConfig }", "import { defineConfig, fromEnv }")
    : config;
}

function clusterLines({ cluster }: SessionValues): string[] {
  return cluster === undefined ? [] : [`cluster: ${expression(cluster)},`];
}

function engineLines({ engine }: SessionValues): string[] {
  return engine === undefined ? [] : [`engine: ${expression(engine)},`];
}

/** A line of the config. @param otherwise The line if the value is not known. */
function setting(name: string, value: string | null | undefined, otherwise: string): string {
  if (value === undefined) return otherwise;
  return value === null
    ? `// ${name}: it is not certain which one the app uses, so state it here.`
    : `${name}: ${expression(value)},`;
}

/** A value as TypeScript. */
function expression(value: unknown): string {
  if (typeof value === "object" && value !== null) {
    const entries = Object.entries(value).filter(([, each]) => each !== undefined);
    return `{ ${entries.map(([key, each]) => `${key}: ${expression(each)}`).join(", ")} }`;
  }
  if (typeof value !== "string") return JSON.stringify(value);
  const parts = partsOf(value).map((part) => {
    if (typeof part === "string") return JSON.stringify(part);
    const { name, fallback } = part;
    const options = fallback === undefined ? [name] : [name, fallback];
    return `fromEnv(${options.map((text) => JSON.stringify(text)).join(", ")})`;
  });
  return parts.join(" + ") || '""';
}

/** The usual environments, and those that are stated. */
function environmentLines(
  base: SessionValues,
  environments: Readonly<Record<string, SessionValues>>,
): string {
  const names = [...new Set(["development", ...Object.keys(environments)])];
  return names.map((name) => {
    const values = { ...differences(base, environments[name] ?? base) };
    const isLocal = name === "development";
    const session = { ...values, ...(isLocal ? { cookie: { secure: false } } : {}) };
    const comment = !isLocal
      ? ""
      : values.backend === "memory"
      ? "      // No server on a developer's machine, and plain HTTP.\n"
      : "      // Plain HTTP on a developer's machine.\n";
    const key = /^[A-Za-z_]\w*$/.test(name) ? name : JSON.stringify(name);
    return `    ${key}: {\n${comment}      session: ${expression(session)},\n    },\n`;
  }).join("");
}

/** What an environment overrides. */
function differences(base: SessionValues, values: SessionValues) {
  const { backend, keyPrefix, table, engine, cluster } = values;
  const redis = {
    ...(keyPrefix === base.keyPrefix ? {} : { keyPrefix: keyPrefix ?? undefined }),
    ...(JSON.stringify(cluster) === JSON.stringify(base.cluster)
      ? {}
      : { cluster: cluster ?? false }),
  };
  const database = {
    ...(table === base.table ? {} : { table: table ?? undefined }),
    ...(engine === base.engine ? {} : { engine }),
  };
  const options = backend === "redis" ? redis : backend === "database" ? database : {};
  return {
    ...(backend === base.backend ? {} : { backend }),
    ...(Object.keys(options).length === 0 ? {} : { backends: { [backend]: options } }),
  };
}
