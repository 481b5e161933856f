/** The test app: made as `azu new` lays an app out, set up by the tool itself, and compiled. */
import { join } from "node:path";
import { runAzu } from "../support/cli.ts";
import { writeTree } from "../support/temp.ts";
import { compile, realShards, STAND_INS } from "./compiler.ts";
import { configOf, isOneSource, type Variant } from "./variants.ts";

const SKELETON = join(import.meta.dirname ?? ".", "app");

// Setup takes from it which database the app has, and connects to none.
const ENGINE_URLS = {
  postgres: "postgres://azu@localhost/my_app",
  sqlite: "sqlite3://./my_app.db",
  mysql: "mysql://azu@localhost/my_app",
};

/** The folder of a variant's app. */
export function appFolder(variant: Variant): string {
  const folder = Deno.env.get("TEST_CRYSTAL_APPS");
  if (!folder) throw new Error("TEST_CRYSTAL_APPS is not set: run these by tests/crystal/run.ts");
  return join(folder, isOneSource() ? "one" : variant.name);
}

/** The executable of a variant's app, or throws with the reason for which there is none. */
export async function executable(variant: Variant): Promise<string> {
  const folder = appFolder(variant);
  try {
    throw new Error(await Deno.readTextFile(join(folder, "complaint")));
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return join(folder, "bin/my_app");
}

/** Makes a variant's app. What keeps it from being made is kept, for the tests to report. */
export async function buildApp(variant: Variant): Promise<void> {
  const folder = appFolder(variant);
  try {
    const drivers = isOneSource() ? ["pg", "sqlite3"] : [variant.driver];
    await layOut(folder, configOf(variant), drivers);
    await setUp(folder, isOneSource() ? undefined : variant.engine);
    const complaint = await compile({
      source: join(folder, "src/server.cr"),
      shards: [STAND_INS, realShards()],
      output: join(folder, "bin/my_app"),
    });
    if (complaint !== undefined) throw new Error(complaint);
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    await Deno.writeTextFile(join(folder, "complaint"), text);
  }
}

/**
 * Writes the app as it is before its sessions are set up.
 * @param drivers The shards of its databases.
 */
export async function layOut(
  folder: string,
  config: string,
  drivers: readonly (string | undefined)[],
): Promise<void> {
  await Deno.mkdir(join(folder, "bin"), { recursive: true });
  await copyTree(SKELETON, folder);
  await writeTree(folder, { "azu.config.ts": config });
  const requires = drivers.filter((name) => name !== undefined);
  if (requires.length === 0) return;
  const text = ["cql", ...requires].map((name) => `require "${name}"\n`).join("");
  await writeTree(folder, { "src/initializers/database.cr": text });
}

/** Runs `session:setup` in the app, which also puts its handler into the app's list. */
export async function setUp(folder: string, engine: Variant["engine"]): Promise<void> {
  const env = engine === undefined ? {} : { DATABASE_URL: ENGINE_URLS[engine] };
  const setup = await runAzu(["session:setup", "--yes"], { cwd: folder, env });
  if (setup.code !== 0) throw new Error(`session:setup failed: ${setup.stdout}${setup.stderr}`);
}

async function copyTree(from: string, to: string): Promise<void> {
  await Deno.mkdir(to, { recursive: true });
  for await (const entry of Deno.readDir(from)) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory) await copyTree(source, target);
    else await Deno.copyFile(source, target);
  }
}
