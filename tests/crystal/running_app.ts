/** The test app as it runs, with its store. */
import { join } from "node:path";
import { RunningProcess } from "../support/process.ts";
import { tempDir } from "../support/temp.ts";
import { appFolder, executable } from "./app.ts";
import { type Backing, openBacking } from "./backing.ts";
import { Visitor } from "./client.ts";
import { environmentOf, type Variant } from "./variants.ts";

/** More than enough for a secret. */
const SECRET = "0123456789abcdef".repeat(4);
const MINUTES = 60_000;

/** One process of the app. Disposing of it kills it. */
export interface Node extends AsyncDisposable {
  readonly url: string;
  readonly process: RunningProcess;
  visitor(id?: string): Visitor;
}

/** The app with a store of its own, which goes with it. */
export interface RunningApp extends Node {
  readonly backing: Backing;
}

/** Starts a variant's app on an empty store. `env` is added to what it gets. */
export async function startApp(
  variant: Variant,
  env: Readonly<Record<string, string>> = {},
): Promise<RunningApp> {
  await using starting = new AsyncDisposableStack();
  const backing = starting.use(await openBacking(variant));
  const node = starting.use(await startNode(variant, { ...backing.env, ...env }));
  const started = starting.move();
  return { ...node, backing, [Symbol.asyncDispose]: () => started.disposeAsync() };
}

/** Starts one more process of a variant's app. */
export async function startNode(
  variant: Variant,
  env: Readonly<Record<string, string>>,
): Promise<Node> {
  const process = await spawnNode(variant, {
    SESSION_SECRET: SECRET,
    ...env,
    AZU_ENV: environmentOf(variant, env["AZU_ENV"]),
  });
  return await listening(process);
}

/** Starts a process of any app. */
export async function startNodeIn(
  folder: string,
  env: Readonly<Record<string, string>>,
): Promise<Node> {
  const command = join(folder, "bin/my_app");
  return await listening(await spawnApp(command, folder, { SESSION_SECRET: SECRET, ...env }));
}

async function listening(process: RunningProcess): Promise<Node> {
  try {
    const port = (await process.waitFor(/port \d+\n/)).slice("port ".length).trim();
    const url = `http://127.0.0.1:${port}`;
    return {
      url,
      process,
      visitor: (id) => new Visitor(url, id),
      [Symbol.asyncDispose]: () => process[Symbol.asyncDispose](),
    };
  } catch (error) {
    await process[Symbol.asyncDispose]();
    throw error;
  }
}

/** Starts a process that may well not get as far as listening: nothing is added to `env`. */
export async function spawnNode(
  variant: Variant,
  env: Readonly<Record<string, string>>,
): Promise<RunningProcess> {
  return await spawnApp(await executable(variant), appFolder(variant), env);
}

async function spawnApp(
  command: string,
  cwd: string,
  env: Readonly<Record<string, string>>,
): Promise<RunningProcess> {
  return new RunningProcess({
    command,
    args: [],
    env: { PORT: "0", ...env },
    cwd,
    stdin: "null",
    timeoutMs: 15 * MINUTES,
    home: await tempDir("azu-app-home-"),
  });
}
