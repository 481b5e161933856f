/** Reads and changes shard.yml. The only file that imports yaml. */
import { isMap, isScalar, LineCounter, parseDocument, type YAMLMap } from "yaml";
import { UsageError } from "../core/errors.ts";

/** A dependency to add: `owner/name` on GitHub. */
export interface Dependency {
  readonly name: string;
  readonly github: string;
}

export function shardDependencies(source: string): string[] {
  const dependencies = parse(source)?.get("dependencies");
  return isMap(dependencies) ? dependencies.items.map(({ key }) => String(key)) : [];
}

export function parsedName(source: string): string | undefined {
  const name = parse(source)?.get("name");
  return typeof name === "string" ? name : undefined;
}

/** The main files of the targets in a shard.yml, in the order of the file. */
export function shardMains(source: string): string[] {
  const targets = parse(source)?.get("targets");
  if (!isMap(targets)) return [];
  return targets.items.flatMap(({ value }) => {
    const main = isMap(value) ? value.get("main") : undefined;
    return typeof main === "string" ? [main.replace(/^(?:\.\/)+/, "")] : [];
  });
}

/**
 * The shard.yml with the missing dependencies, inserted as text after the last one, so that all
 * other bytes stay the same.
 * @throws {UsageError} if the file is not valid YAML, or not a shard.yml.
 */
export function addDependencies(source: string, dependencies: readonly Dependency[]): string {
  const present = shardDependencies(source);
  const missing = dependencies.filter(({ name }) => !present.includes(name));
  if (missing.length === 0) return source;
  const changed = inserted(source, missing);
  if (!lists(changed, missing)) {
    throw new UsageError(
      "shard.yml: its dependencies are written in a way that azu cannot extend",
      {
        hint: `Add by hand: ${missing.map(({ name, github }) => `${name} (${github})`).join(", ")}`,
      },
    );
  }
  return changed;
}

function lists(source: string, dependencies: readonly Dependency[]): boolean {
  const document = parseDocument(source);
  return document.errors.length === 0 &&
    dependencies.every(({ name }) => document.hasIn(["dependencies", name, "github"]));
}

function inserted(source: string, missing: readonly Dependency[]): string {
  const newline = source.includes("\r\n") ? "\r\n" : "\n";
  const block = (indent: string, step: string) =>
    missing.map(({ name, github }) =>
      `${indent}${name}:${newline}${indent}${step}github: ${github}${newline}`
    ).join("");
  const root = parse(source);
  const pair = root?.items.find(({ key }) => isScalar(key) && key.value === "dependencies");
  if (pair === undefined) {
    const gap = source.trim() === "" ? "" : source.endsWith("\n") ? newline : newline + newline;
    return `${source}${gap}dependencies:${newline}${block("  ", "  ")}`;
  }
  if (!isMap(pair.value)) {
    const end = isScalar(pair.key) ? pair.key.range?.[1] ?? 0 : 0;
    return insertedAfterLine(source, end, block("  ", "  "), newline);
  }
  if (pair.value.flow === true) return insertedIntoFlow(source, pair.value, missing);
  const indent = indentOf(source, startOf(pair.value.items[0]?.key));
  const end = pair.value.range?.[1] ?? source.length;
  const length = source.slice(0, end).trimEnd().length;
  return insertedAfterLine(source, length, block(indent, indent === "" ? "  " : indent), newline);
}

/** The source with a text inserted after the line that contains the position. */
function insertedAfterLine(source: string, position: number, text: string, newline: string) {
  const lineEnd = source.indexOf("\n", position);
  if (lineEnd < 0) return `${source}${newline}${text}`;
  return source.slice(0, lineEnd + 1) + text + source.slice(lineEnd + 1);
}

function insertedIntoFlow(
  source: string,
  map: YAMLMap,
  missing: readonly Dependency[],
): string {
  const close = (map.range?.[1] ?? 1) - 1;
  const before = source.slice(0, close).trimEnd();
  const comma = map.items.length > 0 && !before.endsWith(",") ? ", " : " ";
  const entries = missing.map(({ name, github }) => `${name}: { github: ${github} }`).join(", ");
  return `${before}${comma}${entries} ${source.slice(close)}`;
}

function startOf(node: unknown): number {
  return isScalar(node) ? node.range?.[0] ?? 0 : 0;
}

function indentOf(source: string, position: number): string {
  return source.slice(source.lastIndexOf("\n", position - 1) + 1, position);
}

function parse(source: string): YAMLMap | undefined {
  const lines = new LineCounter();
  const document = parseDocument(source, { lineCounter: lines });
  const error = document.errors[0];
  if (error !== undefined) {
    const { line } = lines.linePos(error.pos[0]);
    throw new UsageError(`shard.yml:${line}: not valid YAML (${error.code})`, { cause: error });
  }
  if (document.contents === null) return undefined;
  if (isMap(document.contents)) return document.contents;
  throw new UsageError("shard.yml: expected a mapping such as `name: my_app`");
}
