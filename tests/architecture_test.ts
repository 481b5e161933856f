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

/** The drivers, each imported by one file in the folder of its engine. */
const drivers: Record<string, string> = {
  ioredis: "src/backends/redis/connection.ts",
  "mysql2/promise": "src/backends/mysql/connection.ts",
  pg: "src/backends/postgres/connection.ts",
  "node:sqlite": "src/backends/sqlite/session.ts",
};

/** Other packages that cost start-up time, each imported by one file. */
const costly: Record<string, string> = {
  yaml: "src/app/shard.ts",
  eta: "src/app/render.ts",
  diff: "src/cli/terminal/diff.ts",
  dotenv: "src/config/dotenv.ts",
  sucrase: "src/config/transform.ts",
};

/** The command library, and the only file that imports it. */
const COMMANDER = { name: "@commander-js/extra-typings", importer: "src/cli/program.ts" };

/** What every command loads. */
const atStart = ["main.ts", "src/cli/run.ts", "src/backends/registry.ts", "src/config/load.ts"];

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

/** The files that load a file as soon as they are loaded, and itself. */
function eagerly(all: readonly Import[], file: string): Set<string> {
  const found = new Set([file]);
  for (const target of found) {
    for (const { from, specifier, isType, isLazy } of all) {
      if (isType || isLazy || !specifier.startsWith(".")) continue;
      if (relative(root, resolve(root, dirname(from), specifier)) === target) found.add(from);
    }
  }
  return found;
}

Deno.test("a costly package has one importer, which no command loads at the start", async () => {
  const all = await imports();
  for (const [name, importer] of Object.entries({ ...drivers, ...costly })) {
    const importers = all
      .filter(({ specifier, isType }) => specifier === name && !isType)
      .map(({ from }) => from);
    deepStrictEqual([...new Set(importers)], [importer], name);
    const loaders = eagerly(all, importer);
    deepStrictEqual(atStart.filter((file) => loaders.has(file)), [], `${name} is loaded eagerly`);
  }
});

Deno.test("only one file imports the command library", async () => {
  const importers = (await imports()).filter(({ specifier }) => /commander/.test(specifier));
  deepStrictEqual(
    importers.map(({ from, specifier }) => ({ name: specifier, importer: from })),
    [COMMANDER],
  );
});

Deno.test("a driver is loaded only from its engine's folder, and engines keep apart", async () => {
  const all = await imports();
  for (const [name, importer] of Object.entries(drivers)) {
    const folder = dirname(importer);
    const outside = [...eagerly(all, importer)].filter((file) => !file.startsWith(`${folder}/`));
    deepStrictEqual(outside, [], `${name} is loaded eagerly from outside ${folder}`);
    const others = Object.values(drivers).map(dirname).filter((other) => other !== folder);
    const crossing = all.filter(({ from, specifier }) => {
      const target = relative(root, resolve(root, dirname(from), specifier));
      return from.startsWith(`${folder}/`) &&
        others.some((other) => target.startsWith(`${other}/`));
    });
    deepStrictEqual(crossing, [], `${folder} imports from another engine`);
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
