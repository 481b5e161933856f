/** Runs the executable for the benchmarks and measures its time and memory. */
import { join } from "node:path";
import { isRecord } from "../../src/core/record.ts";

const ROOT = join(import.meta.dirname ?? ".", "../..");

/** Milliseconds between two reads of the peak memory. */
const LOOK = 10;

export interface ClearRun {
  /** From the start of the process to its end. */
  readonly milliseconds: number;
  /** Peak memory, in MiB. */
  readonly peak: number;
  readonly code: number;
  readonly cleared: number;
  readonly remaining: number;
  readonly arrived: number;
  /** Its output on stderr. */
  readonly said: string;
}

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

  /** Clears the sessions of a Redis. */
  async redis(url: string): Promise<ClearRun> {
    return await this.#clear("redis", { REDIS_URL: url });
  }

  /** Clears the sessions of a database. */
  async database(url: string): Promise<ClearRun> {
    return await this.#clear("database", { DATABASE_URL: url });
  }

  /** Revokes the sessions of a user in a database. */
  async revoke(url: string, user: string) {
    const { code, stdout, ...run } = await this.#run(
      ["session:revoke", "--force", "--json", "--backend", "database", "--user", user],
      { DATABASE_URL: url },
    );
    if (code !== 0) throw new Error(`azu ended with ${code}: ${run.said}`);
    return { ...run, revoked: countIn(stdout, "revoked") };
  }

  async #clear(backend: string, env: Record<string, string>): Promise<ClearRun> {
    const args = ["session:clear", "--force", "--json", "--backend", backend];
    const { stdout, ...run } = await this.#run(args, env);
    return {
      ...run,
      cleared: countIn(stdout, "cleared"),
      remaining: countIn(stdout, "remaining"),
      arrived: countIn(stdout, "arrived"),
    };
  }

  async #run(args: string[], env: Record<string, string>) {
    const start = performance.now();
    const child = new Deno.Command(join(this.#folder, "azu"), {
      args,
      cwd: join(this.#folder, "app"),
      clearEnv: true,
      env,
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const peak = peakOf(child);
    const { code, stdout, stderr } = await child.output();
    const milliseconds = performance.now() - start;
    const decoder = new TextDecoder();
    const said = decoder.decode(stderr);
    return { milliseconds, peak: await peak, code, stdout: decoder.decode(stdout), said };
  }
}

/** @throws if it did not clear exactly this many sessions. */
export function expectCleared(run: ClearRun, sessions: number): ClearRun {
  if (run.code === 0 && run.cleared === sessions && run.remaining === 0) return run;
  throw new Error(
    `azu ended with ${run.code}, ${run.cleared} of ${sessions} cleared: ${run.said}`,
  );
}

/** A number of the JSON document; NaN if it has none. */
function countIn(output: string, name: string): number {
  const report: unknown = output.trim() === "" ? {} : JSON.parse(output);
  const value = isRecord(report) ? report[name] : undefined;
  return typeof value === "number" ? value : NaN;
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
