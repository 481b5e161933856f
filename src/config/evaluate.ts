/**
 * Evaluates a config file that is met at run time, and the files that it imports, without a
 * compiler, a cache or a written file: it works the same from source and in the compiled binary.
 */
import { dirname, extname, resolve } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { AzuError, messageOf, UsageError } from "../core/errors.ts";
import { redact } from "../core/redact.ts";
import { printable } from "../core/text.ts";
import { locateSyntaxError, toFunctionBody } from "./transform.ts";

type Exports = Record<string, unknown>;

/** What the evaluation needs from outside. */
export interface ConfigHost {
  /** What `import … from "azu"` gives. */
  readonly azu: Exports;
  /** Where the config's own `console` goes: never to stdout, which carries the answer. */
  print(line: string): void;
}

/** A config's files are few and small; more is a mistake, such as importing the app itself. */
const LARGEST_FILE = 1 << 20;

/**
 * The value of a config file: its default export, called where it is a function.
 * @param env What a config that is a function is told: `AZU_ENV`.
 * @throws {UsageError} with file, line and reason when it cannot be evaluated.
 */
export async function evaluateConfig(
  path: string,
  env: string,
  host: ConfigHost,
): Promise<unknown> {
  const modules = new Modules(host);
  try {
    const exports = await modules.entry(path);
    if (!("default" in exports)) throw new SourceError(path, NO_DEFAULT);
    const value = exports["default"];
    return typeof value === "function" ? await value({ env }) : value;
  } catch (error) {
    throw await modules.explained(error, path);
  }
}

const NO_DEFAULT = "expected a default export: export default defineConfig({ ... })";

/** A mistake in the source of a file, whose line is still to be found. */
class SourceError extends Error {
  constructor(
    readonly path: string,
    readonly reason: string,
    readonly line: number | undefined = undefined,
  ) {
    super(reason);
  }
}

class Modules {
  readonly #host: ConfigHost;
  readonly #sources = new Map<string, string>();
  readonly #modules = new Map<string, Exports>();

  constructor(host: ConfigHost) {
    this.#host = host;
  }

  /** The config file itself: the one that may `await` at its top level. */
  async entry(path: string): Promise<Exports> {
    const exports: Exports = {};
    this.#modules.set(path, exports);
    await this.#run(path, exports, "async ");
    return exports;
  }

  #import(specifier: string, importer: string): unknown {
    if (specifier === "azu") return this.#host.azu;
    if (specifier.startsWith("node:")) return this.#builtin(specifier, importer);
    if (!/^\.{0,2}\//.test(specifier)) {
      throw this.#importError(
        importer,
        specifier,
        'a config may import relative files, node: modules and "azu"',
      );
    }
    const path = resolve(dirname(importer), specifier);
    const loaded = this.#modules.get(path);
    if (loaded !== undefined) return loaded;
    const exports: Exports = {};
    this.#modules.set(path, exports);
    if (![".ts", ".mts", ".js", ".mjs", ".json"].includes(extname(path))) {
      throw this.#importError(importer, specifier, "expected a .ts, .js or .json file");
    }
    try {
      this.#read(path);
    } catch (error) {
      throw this.#importError(importer, specifier, fileProblem(error));
    }
    if (extname(path) === ".json") Object.assign(exports, this.#json(path));
    else void this.#run(path, exports, "");
    return exports;
  }

  #builtin(specifier: string, importer: string): unknown {
    const found = process.getBuiltinModule(specifier);
    if (found === undefined) throw this.#importError(importer, specifier, "no such node: module");
    return found;
  }

  #json(path: string): Exports {
    const source = this.#sources.get(path) ?? "";
    try {
      return { __esModule: true, default: JSON.parse(source) };
    } catch (error) {
      // The engine's message quotes the text around the mistake, which may hold a secret.
      const line = /line (\d+)/.exec(messageOf(error))?.[1];
      throw new SourceError(path, "not valid JSON", line === undefined ? undefined : Number(line));
    }
  }

  #run(path: string, exports: Exports, asynchronous: "async " | ""): unknown {
    const source = this.#read(path);
    const transformed = toFunctionBody(source, path);
    const { problem } = transformed;
    if (problem) throw new SourceError(path, problem.reason, problem.line);
    const body = compile(transformed.code, path, asynchronous);
    const require = (specifier: string) => this.#import(specifier, path);
    return body(exports, require, this.#console(), dirname(path), path);
  }

  #read(path: string): string {
    const known = this.#sources.get(path);
    if (known !== undefined) return known;
    if (Deno.statSync(path).size > LARGEST_FILE) throw new Error("larger than 1 MiB");
    const source = Deno.readTextFileSync(path).replace(/^\ufeff/, "");
    this.#sources.set(path, source);
    return source;
  }

  #console() {
    const print = (...values: unknown[]) =>
      this.#host.print(
        values.map((value) => typeof value === "string" ? value : Deno.inspect(value)).join(" "),
      );
    return { log: print, info: print, warn: print, error: print, debug: print };
  }

  #importError(importer: string, specifier: string, why: string): SourceError {
    const quoted = [`"${specifier}"`, `'${specifier}'`];
    const lines = this.#sources.get(importer)?.split("\n") ?? [];
    const index = lines.findIndex((line) => quoted.some((text) => line.includes(text)));
    const reason = `cannot import "${specifier}": ${why}`;
    return new SourceError(importer, reason, index < 0 ? undefined : index + 1);
  }

  /** Any failure as a sentence that begins with the user's own file and line. */
  async explained(error: unknown, entry: string): Promise<AzuError> {
    if (error instanceof AzuError) return error;
    if (error instanceof SourceError) return at(error.path, error.line, error.reason);
    if (error instanceof CompileError) {
      const line = await locateSyntaxError(this.#sources.get(error.path) ?? "", error.path);
      return at(error.path, line, error.message);
    }
    const [path, line] = this.#thrownAt(error) ?? [entry, undefined];
    return at(path, line, reasonOf(error), error);
  }

  /** The innermost place in the user's own files, from the stack. */
  #thrownAt(error: unknown): [string, number] | undefined {
    const stack = error instanceof Error ? error.stack ?? "" : "";
    for (
      const [, url, line] of stack.matchAll(/(file:\/\/[^\s,)]+)(?:, <anonymous>)?:(\d+):\d+/g)
    ) {
      const path = [...this.#sources.keys()].find((known) => pathToFileURL(known).href === url);
      if (path !== undefined) return [path, Number(line)];
    }
  }
}

/** The engine refused a file's syntax; it does not say where. */
class CompileError extends Error {
  constructor(readonly path: string, cause: unknown) {
    super(importMetaHint(messageOf(cause)), { cause });
  }
}

function importMetaHint(message: string): string {
  return message.includes("import.meta")
    ? "import.meta is not available in a config; __dirname and __filename are"
    : message;
}

type Body = (
  exports: Exports,
  require: (specifier: string) => unknown,
  console: unknown,
  dirname: string,
  filename: string,
) => unknown;

/** One line before the code, none between: line numbers in errors are the user's own. */
function compile(code: string, path: string, asynchronous: "async " | ""): Body {
  const parameters = "exports, require, console, __dirname, __filename";
  const wrapped = `(${asynchronous}function (${parameters}) {${code}\n})`;
  try {
    // A config is code by nature; nothing else is ever evaluated.
    const body: unknown = globalThis.eval(`${wrapped}\n//# sourceURL=${pathToFileURL(path).href}`);
    if (isBody(body)) return body;
    throw new SyntaxError("Unexpected token '}'");
  } catch (error) {
    throw new CompileError(path, error);
  }
}

function isBody(value: unknown): value is Body {
  return typeof value === "function";
}

function at(path: string, line: number | undefined, reason: string, cause?: unknown): UsageError {
  const place = line === undefined ? path : `${path}:${line}`;
  return new UsageError(`${place}: ${printable(redact(reason))}`, { cause });
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return `threw ${printable(String(error))}`;
  return error.name === "Error" ? error.message : `${error.name}: ${error.message}`;
}

function fileProblem(error: unknown): string {
  if (error instanceof Deno.errors.NotFound) return "the file does not exist";
  if (error instanceof Deno.errors.PermissionDenied) return "the file may not be read";
  return messageOf(error);
}
