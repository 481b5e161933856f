/** The rooms of the house, and the rules that hold between them: see docs/architecture.md. */
import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { dirname, join, relative, resolve } from "node:path";

const root = join(import.meta.dirname ?? "", "..");

/** Each room may import from itself and from the rooms named. */
const mayImport: Record<string, readonly string[]> = {
  "main.ts": ["cli", "core"],
  "mod.ts": ["config", "backends", "core"],
  cli: ["commands", "config", "backends", "app", "core"],
  commands: ["config", "backends", "app", "core"],
  config: ["mod.ts", "backends", "app", "core"],
  backends: ["core"],
  app: ["core", "templates", "azu.config.ts"],
  core: [],
};

/** Packages that cost start-up time, and the only module that may import each. */
const onlyImporter: Record<string, string> = {
  ioredis: "src/backends/redis/connection.ts",
  "mysql2/promise": "src/backends/mysql/connection.ts",
  pg: "src/backends/postgres/connection.ts",
  "node:sqlite": "src/backends/sqlite/session.ts",
  yaml: "src/app/shard.ts",
  eta: "src/app/render.ts",
  diff: "src/cli/terminal/diff.ts",
  dotenv: "src/config/dotenv.ts",
  sucrase: "src/config/transform.ts",
};

interface Import {
  readonly from: string;
  readonly specifier: string;
  readonly isType: boolean;
  readonly isLazy: boolean;
}

async function* sources(folder: string): AsyncGenerator<string> {
  for await (const entry of Deno.readDir(folder)) {
    const path = join(folder, entry.name);
    if (entry.isDirectory) yield* sources(path);
    else if (path.endsWith(".ts")) yield path;
  }
}

async function imports(): Promise<Import[]> {
  const found: Import[] = [];
  for (
    const path of [join(root, "main.ts"), ...await Array.fromAsync(sources(join(root, "src")))]
  ) {
    const text = (await Deno.readTextFile(path)).replace(/\/\*[^]*?\*\/|^\s*\/\/.*$/gm, "");
    const from = relative(root, path);
    for (const match of text.matchAll(/^(?:import|export)\s+(type\s+)?[^;]*?from\s+"([^"]+)"/gm)) {
      found.push({
        from,
        specifier: match[2] ?? "",
        isType: match[1] !== undefined,
        isLazy: false,
      });
    }
    for (const match of text.matchAll(/\bimport\("([^"]+)"\)/g)) {
      found.push({ from, specifier: match[1] ?? "", isType: false, isLazy: true });
    }
  }
  return found;
}

/** `cli` for src/cli/x.ts, `main.ts` for main.ts. */
function roomOf(path: string): string {
  const parts = path.split("/");
  return (parts[0] === "src" ? parts[1] : parts[0]) ?? "";
}

Deno.test("imports point downward only", async () => {
  const all = await imports();
  strictEqual(all.length > 100, true);
  const wrong = all
    .filter(({ specifier }) => specifier.startsWith("."))
    .map(({ from, specifier }) => ({
      from,
      to: relative(root, resolve(root, dirname(from), specifier)),
    }))
    .filter(({ from, to }) => {
      const [source, target] = [roomOf(from), roomOf(to)];
      return source !== target && target !== "deno.json" && !mayImport[source]?.includes(target);
    });
  deepStrictEqual(wrong, []);
});

Deno.test("a costly package has one importer, and that is loaded lazily", async () => {
  const all = await imports();
  for (const [name, importer] of Object.entries(onlyImporter)) {
    const importers = all
      .filter(({ specifier, isType }) => specifier === name && !isType)
      .map(({ from }) => from);
    deepStrictEqual([...new Set(importers)], [importer], name);
    const eager = all.filter(({ from, specifier, isType, isLazy }) =>
      !isType && !isLazy && specifier.startsWith(".") &&
      relative(root, resolve(root, dirname(from), specifier)) === importer
    );
    // These are themselves loaded lazily.
    const lazy = [
      "src/backends/redis/store.ts",
      "src/backends/mysql/keys.ts",
      "src/backends/mysql/references.ts",
      "src/backends/mysql/session.ts",
      "src/backends/mysql/table.ts",
      "src/backends/postgres/session.ts",
      "src/backends/sqlite/store.ts",
      "src/backends/sqlite/clear.ts",
      "src/commands/migration.ts",
    ];
    const allowed = eager.filter(({ from }) => !lazy.includes(from));
    deepStrictEqual(allowed, [], `${importer} is imported eagerly`);
  }
});

Deno.test("nothing under src/ reaches for the process or the console", async () => {
  const forbidden =
    /\bconsole\.|\bDeno\.(?:exit|env|args|cwd|stdin|stdout|stderr|addSignalListener)\b|\bDate\.now\b|\bnew Date\(\)|\bMath\.random\b/;
  const found: string[] = [];
  for await (const path of sources(join(root, "src"))) {
    const text = (await Deno.readTextFile(path)).replace(/\/\*[^]*?\*\/|\/\/.*$/gm, "");
    // It closes the ways in which a config could end the process or print on stdout.
    if (path.endsWith("config/sandbox.ts")) continue;
    if (forbidden.test(text)) found.push(relative(root, path));
  }
  deepStrictEqual(found, []);
});
