/** The rooms of the house, and the rules that hold between them: see docs/architecture.md. */
import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { dirname, join, relative, resolve } from "node:path";

const root = join(import.meta.dirname ?? "", "..");

/** Each room may import from itself and from the rooms named. */
const mayImport: Record<string, readonly string[]> = {
  "main.ts": ["cli", "core"],
  "mod.ts": ["config", "backends", "core"],
  cli: ["commands", "audit", "config", "backends", "backup", "app", "core"],
  commands: ["audit", "config", "backends", "backup", "app", "core"],
  config: ["mod.ts", "backends", "app", "core"],
  audit: ["backends", "core"],
  backup: ["backends", "core"],
  backends: ["core"],
  app: ["core", "templates", "azu.config.ts"],
  core: [],
};

/** The drivers, each imported by one file in its engine's folder under src/backends/. */
const drivers: Record<string, string> = {
  ioredis: "redis",
  mysql2: "mysql",
  pg: "postgres",
  "node:sqlite": "sqlite",
};

/** Other packages that cost start-up time, each imported by one file. */
const costly: Record<string, string> = {
  "@noble/ciphers": "src/backup/age.ts",
  yaml: "src/app/shard.ts",
  eta: "src/app/render_templates.ts",
  diff: "src/cli/terminal/diff.ts",
  dotenv: "src/config/dotenv.ts",
  ignore: "src/app/environment_files.ts",
  sucrase: "src/config/transform.ts",
};

/** The command library, and the only file that imports it. */
const COMMANDER = { name: "@commander-js/extra-typings", importer: "src/cli/program.ts" };

/** What every command loads. */
const atStart = ["main.ts", "src/cli/run.ts", "src/backends/registry.ts", "src/config/load.ts"];

interface Import {
  readonly from: string;
  readonly specifier: string;
  /** The file of a relative specifier, from the root. */
  readonly to: string;
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
    const add = (specifier: string, isType: boolean, isLazy: boolean) => {
      const to = specifier.startsWith(".") ? relative(root, resolve(dirname(path), specifier)) : "";
      found.push({ from, specifier, to, isType, isLazy });
    };
    for (const match of text.matchAll(/^(?:import|export)\s+(type\s+)?[^;]*?from\s+"([^"]+)"/gm)) {
      add(match[2] ?? "", match[1] !== undefined, false);
    }
    for (const match of text.matchAll(/^import\s+"([^"]+)"/gm)) add(match[1] ?? "", false, false);
    for (const match of text.matchAll(/\bimport\("([^"]+)"\)/g)) add(match[1] ?? "", false, true);
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
  const wrong = all.filter(({ from, to }) => {
    const source = roomOf(from);
    const target = roomOf(to);
    const isInside = to === "" || source === target || target === "deno.json";
    return !isInside && !mayImport[source]?.includes(target);
  });
  deepStrictEqual(wrong, []);
});

/** The files that load a file as soon as they are loaded, and itself. */
function eagerly(all: readonly Import[], file: string): Set<string> {
  const found = new Set([file]);
  for (const target of found) {
    for (const { from, to, isType, isLazy } of all) {
      if (to === target && !isType && !isLazy) found.add(from);
    }
  }
  return found;
}

/** The files that import a package, or a part of it, for more than its types. */
function importersOf(all: readonly Import[], name: string): string[] {
  const importers = all.filter(({ specifier, isType }) => {
    return !isType && (specifier === name || specifier.startsWith(`${name}/`));
  });
  return [...new Set(importers.map(({ from }) => from))];
}

Deno.test("a costly package has one importer, which no command loads at the start", async () => {
  const all = await imports();
  for (const [name, importer] of Object.entries(costly)) {
    deepStrictEqual(importersOf(all, name), [importer], name);
    const loaders = eagerly(all, importer);
    deepStrictEqual(atStart.filter((file) => loaders.has(file)), [], `${name} is loaded eagerly`);
  }
});

Deno.test("what only the help and the completion need is not loaded at the start", async () => {
  const all = await imports();
  const files = [
    "src/cli/help/topics.ts",
    "src/cli/help/environment.ts",
    "src/cli/commands/complete/action.ts",
    "src/cli/commands/completion/action.ts",
  ];
  for (const file of files) {
    const loaders = eagerly(all, file);
    deepStrictEqual(atStart.filter((start) => loaders.has(start)), [], `${file} is loaded eagerly`);
  }
});

Deno.test("only one file imports the command library", async () => {
  const importers = (await imports()).filter(({ specifier }) => /commander/.test(specifier));
  deepStrictEqual(
    importers.map(({ from, specifier }) => ({ name: specifier, importer: from })),
    [COMMANDER],
  );
});

Deno.test("one file imports a driver, and only its engine's folder loads that eagerly", async () => {
  const all = await imports();
  for (const [name, engine] of Object.entries(drivers)) {
    const importers = importersOf(all, name);
    strictEqual(importers.length, 1, `${name} is imported by ${importers.join(", ")}`);
    const loaders = importers.flatMap((file) => [...eagerly(all, file)]);
    const outside = loaders.filter((file) => !file.startsWith(`src/backends/${engine}/`));
    deepStrictEqual(outside, [], `${name} is loaded eagerly from outside its engine's folder`);
  }
});

Deno.test("backups know what a store has, and no store", async () => {
  const outside = (await imports()).filter(({ from, to }) => {
    return from.startsWith("src/backup/") && to.startsWith("src/backends/");
  });
  deepStrictEqual([...new Set(outside.map(({ to }) => to))], ["src/backends/stored.ts"]);
});

Deno.test("engines do not import from each other", async () => {
  const engineOf = (file: string) => {
    return Object.values(drivers).find((engine) => file.startsWith(`src/backends/${engine}/`));
  };
  const crossing = (await imports()).filter(({ from, to }) => {
    const source = engineOf(from);
    const target = engineOf(to);
    return source !== undefined && target !== undefined && source !== target;
  });
  deepStrictEqual(crossing, []);
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
