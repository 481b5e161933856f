/**
 * Asks the Crystal that setup writes how it behaves, in a real app with the real shards:
 * `deno run -A tests/crystal/run.ts --lib <folder> [--only <variants>] [deno test's arguments]`.
 * The folder holds the shards by their names, as an app's own `lib/` does. The last line of output
 * is `N passed, N failed`.
 * @module
 */
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { denoTest, wholeRun } from "../support/deno_test.ts";
import { printLine, printNote } from "../support/output.ts";
import { startShared } from "../support/servers/shared.ts";
import type { Counts } from "../support/summary.ts";
import { scratchRoot, tempDir } from "../support/temp.ts";
import { buildApp } from "./app.ts";
import { installForLinking } from "./packages.ts";
import { chosenVariants, isOneSource, VARIANT_NAMES } from "./variants.ts";

const HERE = import.meta.dirname ?? "tests/crystal";
const SHARDS = ["session", "redis", "pool", "db", "pg", "sqlite3", "mysql", "cql"];
const USAGE =
  `Usage: ./denow task test:crystal --lib <folder> [--only <variant>,...] [--one-source] [file ...]

The folder holds the shards that apps need, each under its name, and what they need in turn:
${SHARDS.join(", ")}. The variants are ${VARIANT_NAMES.join(", ")}. With --one-source,
one app has the stores of memory, sqlite, postgres and cluster, each in an environment.`;

Deno.exit(await main([...Deno.args]));

async function main(args: string[]): Promise<number> {
  const lib = take(args, "--lib");
  const only = take(args, "--only");
  const at = args.indexOf("--one-source");
  if (at >= 0) {
    args.splice(at, 1);
    Deno.env.set("TEST_CRYSTAL_ONE_SOURCE", "1");
  }
  const problem = problemWith(lib, only);
  if (lib === undefined || problem !== undefined) {
    printNote(`${problem ?? ""}\n\n${USAGE}`.trim());
    return 2;
  }
  Deno.env.set("TEST_CRYSTAL_LIB", resolve(lib));
  if (only !== undefined) Deno.env.set("TEST_CRYSTAL_ONLY", only);
  return await wholeRun((stopped) => runBehaviour(args, stopped));
}

/** Takes an option and its value out of the arguments. */
function take(args: string[], option: string): string | undefined {
  const at = args.indexOf(option);
  return at < 0 ? undefined : args.splice(at, 2)[1];
}

function problemWith(lib: string | undefined, only: string | undefined): string | undefined {
  if (lib === undefined) return undefined;
  const names: readonly string[] = VARIANT_NAMES;
  const unknown = only?.split(",").find((name) => !names.includes(name));
  if (unknown !== undefined) return `--only: there is no variant "${unknown}"`;
  const absent = SHARDS.filter((name) => !existsSync(join(lib, name)));
  return absent.length === 0 ? undefined : `${lib} has no ${absent.join(", ")}`;
}

async function runBehaviour(args: string[], stopped: AbortSignal): Promise<Counts> {
  await using _scratch = await scratchRoot();
  await using services = await startShared(stopped);
  const missing = [...services.missing, ...await installForLinking()];
  await using apps = await tempDir("azu-apps-");
  Deno.env.set("TEST_CRYSTAL_APPS", apps.path);
  await buildApps(stopped);
  const files = args.some((arg) => existsSync(arg)) ? [] : await testFiles();
  const { counts } = await denoTest([...files, ...args], {}, stopped);
  for (const line of missing) printLine(`NOT TESTED: ${line}`);
  return counts;
}

/** Two at a time: a compiler takes a processor and a gigabyte. */
async function buildApps(stopped: AbortSignal): Promise<void> {
  const variants = chosenVariants();
  const waiting = isOneSource() ? variants.slice(0, 1) : [...variants];
  const build = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      stopped.throwIfAborted();
      const begin = performance.now();
      await buildApp(next);
      printLine(`Built the ${next.name} app in ${Math.round(performance.now() - begin)} ms`);
    }
  };
  await Promise.all([build(), build()]);
}

/** The tests, whose names keep them out of what `deno test` finds by itself. */
async function testFiles(): Promise<string[]> {
  const files = [join(HERE, "stubs_check.ts")];
  for await (const { name } of Deno.readDir(join(HERE, "behaviour"))) {
    files.push(join(HERE, "behaviour", name));
  }
  return files.sort();
}
