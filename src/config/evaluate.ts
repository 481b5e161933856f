/**
 * Evaluates a config file and the files that it imports, without a cache or a written file. It
 * works the same from source and in the executable.
 */
import { dirname, extname, resolve } from "node:path";
import process from "node:process";
import { messageOf } from "../core/errors.ts";
import { utf8Text } from "../core/text.ts";
import { type Body, compile, compilePlain, placeOf, PLAIN_EXPORT, SourceError } from "./compile.ts";
import { closeDoors, quietConsole, refusalOf, restrictedProcess } from "./sandbox.ts";

export type Exports = Record<string, unknown>;

/** Host functions available during evaluation. */
export interface ConfigHost {
  /** The exports of `"azu"`. */
  readonly azu: Exports;
  /** Reads an environment variable. */
  env(name: string): string | undefined;
  /** Receives what the config prints. It never goes to stdout, which carries the answer. */
  print(line: string): void;
}

/** The maximum size of a config file. Larger files are probably imported by mistake. */
const LARGEST_FILE = 1 << 20;

const EXTENSIONS = [".ts", ".mts", ".js", ".mjs", ".json"];

/** What a config exports: values, or a function of the environment. */
export type Exported =
  | { readonly value: unknown; readonly call?: never }
  | { readonly value?: never; call(env: string): Promise<unknown> };

/**
 * Evaluates a config file once.
 * @throws {UsageError} with file, line, column and reason if it, or later its function, fails.
 */
export async function evaluateConfig(path: string, host: ConfigHost): Promise<Exported> {
  const modules = new Modules(host);
  const explained = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      const { explain } = await import("./explain.ts");
      throw await explain(error, path, modules.sources);
    }
  };
  return await explained(async () => {
    closeDoors(host.env);
    const exports = await modules.entry(path);
    if (!("default" in exports)) throw new SourceError(path, NO_DEFAULT);
    const value = await exports["default"];
    if (typeof value !== "function") return { value };
    return { call: (env) => explained(async () => await value({ env })) };
  });
}

/** What the engine and the type stripper ask of every module. */
const FREE_NAMES: ReadonlySet<string> = new Set(["__esModule", "then", "toJSON"]);

const NO_DEFAULT = "expected a default export: export default defineConfig({ ... })";

/** Syntax of TypeScript that the type stripper accepts, but does not translate. */
const UNTRANSLATED: readonly (readonly [RegExp, string])[] = [
  [/^[ \t]*export[ \t]*=/m, NO_DEFAULT],
  [
    /^[ \t]*(?:export[ \t]+)?(?:namespace|module)[ \t]+[\w.]+[ \t]*\{/m,
    "a config cannot contain a namespace; use an object or another file",
  ],
];

class Modules {
  /** The text of every file that was read, by path. */
  readonly sources = new Map<string, string>();
  readonly #host: ConfigHost;
  readonly #modules = new Map<string, Exports>();
  readonly #process: unknown;
  readonly #console: unknown;
  /** Loaded on demand. Undefined until a file needs it: a config in plain JavaScript does not. */
  #transform: typeof import("./transform.ts") | undefined;

  constructor(host: ConfigHost) {
    this.#host = host;
    this.#process = restrictedProcess(host.env);
    this.#console = quietConsole(host.print);
  }

  /** Runs the config file. Only this file may use top-level await. */
  async entry(path: string): Promise<Exports> {
    const exports: Exports = {};
    this.#modules.set(path, exports);
    const body = compilePlain(this.#read(path), path);
    if (body !== undefined) {
      await this.#run(body, path, exports);
      return { default: exports[PLAIN_EXPORT] };
    }
    this.#transform = await import("./transform.ts");
    await this.#run(this.#compiled(path, true), path, exports);
    return exports;
  }

  #import(specifier: string, importer: string): unknown {
    return this.#complete(this.#imported(specifier, importer), specifier, importer);
  }

  /** As in a module, an import that its file does not export is an error, and not undefined. */
  #complete(exports: unknown, specifier: string, importer: string): unknown {
    if (typeof exports !== "object" || exports === null) return exports;
    return new Proxy(exports, {
      get: (target, name) => {
        if (typeof name === "symbol" || name in target || FREE_NAMES.has(name)) {
          return Reflect.get(target, name);
        }
        throw this.#importError(importer, specifier, `it has no export "${name}"`);
      },
    });
  }

  #imported(specifier: string, importer: string): unknown {
    if (specifier === "azu") return this.#host.azu;
    if (/^node:/.test(specifier)) return this.#builtin(specifier, importer);
    if (!/^\.{0,2}\//.test(specifier)) {
      const why = 'a config may import relative files, node: modules and "azu"';
      throw this.#importError(importer, specifier, why);
    }
    const path = resolve(dirname(importer), specifier);
    const loaded = this.#modules.get(path);
    if (loaded !== undefined) return loaded;
    const exports: Exports = {};
    this.#modules.set(path, exports);
    this.#readImported(path, specifier, importer);
    if (extname(path) === ".json") Object.assign(exports, this.#json(path));
    else this.#run(this.#compiled(path, false), path, exports);
    return exports;
  }

  #readImported(path: string, specifier: string, importer: string): void {
    if (!EXTENSIONS.includes(extname(path))) {
      throw this.#importError(importer, specifier, "expected a .ts, .js or .json file");
    }
    try {
      this.#read(path);
    } catch (error) {
      throw this.#importError(importer, specifier, fileProblem(error));
    }
  }

  #importError(importer: string, specifier: string, why: string): SourceError {
    const source = this.sources.get(importer) ?? "";
    const place = placeOf(source, [`"${specifier}"`, `'${specifier}'`]);
    return new SourceError(importer, `cannot import "${specifier}": ${why}`, place);
  }

  #builtin(specifier: string, importer: string): unknown {
    if (specifier === "node:process") return this.#process;
    if (specifier === "node:console") return this.#console;
    const refusal = refusalOf(specifier);
    if (refusal !== undefined) throw this.#importError(importer, specifier, refusal);
    const found = process.getBuiltinModule(specifier);
    if (found === undefined) throw this.#importError(importer, specifier, "no such node: module");
    return found;
  }

  #json(path: string): Exports {
    try {
      return { __esModule: true, default: JSON.parse(this.#read(path)) };
    } catch (error) {
      // The engine's message quotes source text, which may contain a secret.
      const [, line, column] = /line (\d+) column (\d+)/.exec(messageOf(error)) ?? [];
      const place = line === undefined ? undefined : { line: Number(line), column: Number(column) };
      throw new SourceError(path, "not valid JSON", place);
    }
  }

  #compiled(path: string, isEntry: boolean): Body {
    const source = this.#read(path);
    for (const [syntax, problem] of UNTRANSLATED) {
      const found = syntax.exec(source)?.[0].trim();
      if (found !== undefined) throw new SourceError(path, problem, placeOf(source, [found]));
    }
    const code = this.#transform?.stripTypes(source, path, "function") ?? "";
    return compile(code, path, isEntry);
  }

  #run(body: Body, path: string, exports: Exports): unknown {
    const require = (specifier: string) => this.#import(specifier, path);
    return body(exports, require, this.#console, this.#process, dirname(path), path);
  }

  #read(path: string): string {
    const known = this.sources.get(path);
    if (known !== undefined) return known;
    if (Deno.statSync(path).size > LARGEST_FILE) throw new Error("larger than 1 MiB");
    const source = utf8Text(Deno.readFileSync(path)).replace(/^\ufeff/, "").replace(/^#!/, "//");
    this.sources.set(path, source);
    return source;
  }
}

function fileProblem(error: unknown): string {
  if (error instanceof Deno.errors.NotFound) return "the file does not exist";
  if (error instanceof Deno.errors.PermissionDenied) return "the file may not be read";
  return messageOf(error);
}
