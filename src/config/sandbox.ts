/** What a config may not do. The program lacks the permissions; this file explains the refusals. */
import process from "node:process";
import { isReadable, readableVariables } from "../core/variables.ts";
import { listed } from "../core/text.ts";
import { Refusal } from "./compile.ts";

const NO_PROGRAMS = "a config may not run other programs (azu has no permission to run any)";
const NO_LIBRARIES = "a config may not load native libraries (azu has no permission to load any)";

const NO_WORKERS = "a config may not start workers";

const REFUSED_MODULES: ReadonlyMap<string, string> = new Map([
  ["node:child_process", NO_PROGRAMS],
  ["node:cluster", NO_PROGRAMS],
  ["node:worker_threads", NO_WORKERS],
]);

/** Why a config may not import a module of the runtime; undefined if it may. */
export function refusalOf(specifier: string): string | undefined {
  return REFUSED_MODULES.get(specifier);
}

/** The runtime's refusal as a sentence; undefined for any other error. */
export function explainRefusal(error: unknown): string | undefined {
  if (error instanceof Refusal) return error.message;
  if (!(error instanceof Deno.errors.NotCapable)) return undefined;
  const [, kind, what] = /^Requires (\w+) access(?: to "?([^"]*)"?)?,/.exec(error.message) ?? [];
  switch (kind) {
    case "run":
      return NO_PROGRAMS;
    case "ffi":
      return NO_LIBRARIES;
    case "env":
      return what === undefined
        ? "a config may not read the whole environment, only variables by their names"
        : variableRefusal(what);
    case "sys":
      return "a config may not ask about the system or its users (azu has no permission to)";
    default:
      return `a config may not do this: azu has no permission for it (${kind ?? "unknown"})`;
  }
}

function variableRefusal(name: string): string {
  return `a config may not read the environment variable ${name}, only ${
    listed(readableVariables, "and")
  }; for a key prefix or a table, use fromEnv("${name}")`;
}

/**
 * Permanently blocks what a config could use to end the process with a wrong exit code, to write to
 * stdout, to read other variables, or to run other code. The program itself has saved the functions
 * that it needs.
 * @param read Reads an environment variable.
 */
export function closeDoors(read: (name: string) => string | undefined): void {
  const noExit = refusing("a config may not end the process");
  Deno.exit = noExit;
  process.exit = noExit;
  process.abort = noExit;
  Deno.stdout.write = (bytes) => Deno.stderr.write(bytes);
  Deno.stdout.writeSync = (bytes) => Deno.stderr.writeSync(bytes);
  Deno.env.get = (name) => readAllowed(name, read);
  Deno.env.has = (name) => readAllowed(name, read) !== undefined;
  Object.defineProperty(globalThis, "Worker", { value: refusing(NO_WORKERS) });
}

/** A function, also usable with `new`, that throws a refusal. */
function refusing(reason: string): () => never {
  return function () {
    throw new Refusal(reason);
  };
}

/**
 * A console that does not print to stdout. It also replaces the global one from now on, because a
 * custom backend may print later.
 */
export function quietConsole(print: (line: string) => void): unknown {
  const write = (...values: unknown[]) => {
    const words = values.map((value) => typeof value === "string" ? value : Deno.inspect(value));
    print(words.join(" "));
  };
  const quiet = new Proxy(console, {
    get: (target, name) =>
      typeof Reflect.get(target, name) === "function" ? write : Reflect.get(target, name),
  });
  globalThis.console = quiet;
  return quiet;
}

/** @throws {Refusal} for a variable that a config may not read. */
function readAllowed(
  name: string,
  read: (name: string) => string | undefined,
): string | undefined {
  if (!isReadable(name)) throw new Refusal(variableRefusal(name));
  return read(name);
}

/** The `process` of a config. Its `env` has the readable variables and refuses others. */
export function restrictedProcess(read: (name: string) => string | undefined): unknown {
  const env = new Proxy({}, {
    get(_target, name) {
      return typeof name === "string" ? readAllowed(name, read) : undefined;
    },
    has: (_target, name) =>
      typeof name === "string" && isReadable(name) && read(name) !== undefined,
  });
  const getBuiltinModule = (specifier: string) => {
    const refusal = refusalOf(`node:${specifier.replace(/^node:/, "")}`);
    if (refusal !== undefined) throw new Refusal(refusal);
    return process.getBuiltinModule(specifier);
  };
  const restricted: Record<string | symbol, unknown> = {
    env,
    getBuiltinModule,
    stdout: process.stderr,
  };
  return new Proxy(process, {
    get: (target, name) => restricted[name] ?? Reflect.get(target, name, target),
  });
}
