/** Runs the executable for the benchmarks and measures its time and memory. */
import { join } from "node:path";
import { isRecord } from "../../src/core/record.ts";

const ROOT = join(import.meta.dirname ?? ".", "../..");

/** Milliseconds between two reads of the peak memory. */
const LOOK = 10;

export interface Run {
  /** From the start of the process to its end. */
  readonly milliseconds: number;
  /** Peak memory, in MiB. */
  readonly peak: number;
  readonly code: number;
  /** Its output on stderr. */
  readonly said: string;
}

/** A clear, a revocation or a sweep. */
export interface ClearRun extends Run {
  readonly cleared: number;
  readonly remaining: number;
  readonly arrived: number;
}

/** A copy. */
export interface CopyRun extends Run {
  readonly copied: number;
  readonly compared: number;
}

/** A list of all sessions. */
export interface ListRun extends Run {
  readonly listed: number;
}

/** Of backups. */
export const PASSPHRASE = "a passphrase for benchmarks";

const CLEAR: readonly string[] = ["session:clear", "--force"];
export const SWEEP: readonly string[] = ["session:sweep"];

/** Revokes the sessions of one user. */
export function revocationOf(user: number): readonly string[] {
  return ["session:revoke", "--user", `${user}`, "--force"];
}

const LIST = ["session:list", "--limit", "all", "--format", "ndjson"];

/** The executable, in the folder of an app with the config of this repository. */
export class Azu {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** @param folder Gets a copy of the executable, so that a new build does not replace it. */
  static async in(folder: string): Promise<Azu> {
    await Deno.copyFile(join(ROOT, "dist/azu"), join(folder, "azu"));
    const app = join(folder, "app");
    await Deno.mkdir(app);
    await Deno.copyFile(join(ROOT, "azu.config.ts"), join(app, "azu.config.ts"));
    return new Azu(folder);
  }

  /** Removes sessions of a Redis, by default all. */
  async redis(url: string, command = CLEAR): Promise<ClearRun> {
    return await this.#remove(command, "redis", { REDIS_URL: url });
  }

  /** Removes sessions of a database, by default all. */
  async database(url: string, command = CLEAR): Promise<ClearRun> {
    return await this.#remove(command, "database", { DATABASE_URL: url });
  }

  /** Copies all sessions of a Redis to a database. */
  async copy(redis: string, database: string): Promise<CopyRun> {
    const ledger = join(this.#folder, `ledger-${crypto.randomUUID()}`);
    const env = { REDIS_URL: redis, DATABASE_URL: database };
    return await this.#copy("redis", "database", env, ["--ledger", ledger]);
  }

  /** Writes a backup of a Redis, encrypted, over the one that is there. */
  async backUp(redis: string, file: string): Promise<CopyRun> {
    const env = { REDIS_URL: redis, AZU_BACKUP_PASSPHRASE: PASSPHRASE };
    return await this.#copy("redis", file, env, ["--overwrite"]);
  }

  /** Restores it: to a Redis or a database. */
  async restore(file: string, backend: "redis" | "database", url: string): Promise<CopyRun> {
    const ledger = join(this.#folder, `ledger-${crypto.randomUUID()}`);
    const variable = backend === "redis" ? "REDIS_URL" : "DATABASE_URL";
    const env = { [variable]: url, AZU_BACKUP_PASSPHRASE: PASSPHRASE };
    return await this.#copy(file, backend, env, ["--ledger", ledger]);
  }

  async #copy(
    from: string,
    to: string,
    env: Record<string, string>,
    more: readonly string[],
  ): Promise<CopyRun> {
    const args = ["session:copy", "--from", from, "--to", to, "--force", "--json", ...more];
    const read = (stdout: ReadableStream<Uint8Array<ArrayBuffer>>) => new Response(stdout).text();
    const { run, output } = await this.#run(args, env, read);
    const report: unknown = output.trim() === "" ? {} : JSON.parse(output);
    const count = (name: string) => Number(isRecord(report) ? report[name] : NaN);
    return { ...run, copied: count("copied"), compared: count("compared") };
  }

  async listRedis(url: string): Promise<ListRun> {
    return await this.#list("redis", { REDIS_URL: url });
  }

  async listDatabase(url: string): Promise<ListRun> {
    return await this.#list("database", { DATABASE_URL: url });
  }

  /** @returns the milliseconds that a status takes. */
  async status(
    backend: "redis" | "database",
    url: string,
    more: readonly string[],
  ): Promise<number> {
    const env = { [backend === "redis" ? "REDIS_URL" : "DATABASE_URL"]: url };
    return await this.#timed(["session:status", "--backend", backend, ...more], env);
  }

  /** @returns the milliseconds that the version takes: little more than the start. */
  async version(): Promise<number> {
    return await this.#timed(["--version"], {});
  }

  async #timed(args: readonly string[], env: Record<string, string>): Promise<number> {
    const { run } = await this.#run(args, env, linesIn);
    if (run.code !== 0) throw new Error(`azu ended with ${run.code}: ${run.said}`);
    return run.milliseconds;
  }

  async #remove(
    command: readonly string[],
    backend: string,
    env: Record<string, string>,
  ): Promise<ClearRun> {
    const args = [...command, "--json", "--backend", backend];
    const { run, output } = await this.#run(args, env, (stdout) => new Response(stdout).text());
    return { ...run, ...countsIn(output) };
  }

  async #list(backend: string, env: Record<string, string>): Promise<ListRun> {
    const { run, output } = await this.#run([...LIST, "--backend", backend], env, linesIn);
    return { ...run, listed: output };
  }

  async #run<T>(
    args: readonly string[],
    env: Record<string, string>,
    read: (stdout: ReadableStream<Uint8Array<ArrayBuffer>>) => Promise<T>,
  ): Promise<{ readonly run: Run; readonly output: T }> {
    const start = performance.now();
    const child = new Deno.Command(join(this.#folder, "azu"), {
      args: [...args],
      cwd: join(this.#folder, "app"),
      clearEnv: true,
      env,
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const peak = peakOf(child);
    const [{ code }, output, said] = await Promise.all([
      child.status,
      read(child.stdout),
      new Response(child.stderr).text(),
    ]);
    const milliseconds = performance.now() - start;
    return { run: { milliseconds, peak: await peak, code, said }, output };
  }
}

/** The number of lines, which are not kept. */
async function linesIn(stdout: ReadableStream<Uint8Array>): Promise<number> {
  let lines = 0;
  for await (const chunk of stdout) {
    for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, at + 1)) lines++;
  }
  return lines;
}

/**
 * @param fewer How many sessions may be missing.
 * @throws if it did not list this many sessions.
 */
export function expectListed(run: ListRun, sessions: number, fewer = 0): ListRun {
  const { code, listed } = run;
  if (code === 0 && listed <= sessions && listed >= sessions - fewer) return run;
  throw new Error(`azu ended with ${run.code}, ${run.listed} of ${sessions} listed: ${run.said}`);
}

/** @throws if it did not copy exactly this many sessions. */
export function expectCopied(run: CopyRun, sessions: number): CopyRun {
  if (run.code === 0 && run.copied === sessions && run.compared >= sessions) return run;
  throw new Error(`azu ended with ${run.code}, ${run.copied} of ${sessions} copied: ${run.said}`);
}

/** @throws if it did not clear exactly this many sessions. */
export function expectCleared(run: ClearRun, sessions: number): ClearRun {
  if (run.code === 0 && run.cleared === sessions && run.remaining === 0) return run;
  throw new Error(
    `azu ended with ${run.code}, ${run.cleared} of ${sessions} cleared: ${run.said}`,
  );
}

function countsIn(output: string): Pick<ClearRun, "cleared" | "remaining" | "arrived"> {
  const report: unknown = output.trim() === "" ? {} : JSON.parse(output);
  const count = (...names: string[]) => {
    const values = names.map((name) => isRecord(report) ? report[name] : undefined);
    return Number(values.find((value) => typeof value === "number") ?? NaN);
  };
  return {
    cleared: count("cleared", "revoked", "swept"),
    remaining: count("remaining"),
    arrived: count("arrived"),
  };
}

/** The kernel records the peak, so only what happens after the last read is missed. */
async function peakOf(child: Deno.ChildProcess): Promise<number> {
  let ended = false;
  child.status.then(() => ended = true);
  let peak = NaN;
  while (!ended) {
    const status = await Deno.readTextFile(`/proc/${child.pid}/status`).catch(() => "");
    const kibibytes = /^VmHWM:\s*(\d+) kB$/m.exec(status)?.[1];
    if (kibibytes !== undefined) peak = Number(kibibytes) / 1024;
    await new Promise((resolve) => setTimeout(resolve, LOOK));
  }
  return peak;
}
