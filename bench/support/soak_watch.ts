/** Clears again and again while an app writes, and checks the counts of every clear. */
import { quantile } from "./stats.ts";
import { SoakApp } from "./soak_app.ts";
import type { SoakStore } from "./soak_store.ts";

/** The longest rest between two clears, in milliseconds. */
const LONGEST_REST = 2000;

/** Sessions that are created before each clear, so that it takes several batches. */
const AT_ONCE = 5000;

/** The factor by which memory may grow. Measurements vary by a few percent. */
const GROWTH = 1.1;

/** With fewer clears than this, growth cannot be told from chance. */
const FEW = 20;

export class SoakWatch {
  readonly breaches: string[] = [];
  readonly #store: SoakStore;
  readonly #app: SoakApp;
  readonly #peaks: number[] = [];
  readonly #memory: number[] = [];
  #cleared = 0;

  constructor(store: SoakStore) {
    this.#store = store;
    this.#app = new SoakApp(store);
  }

  /** Runs until the signal. A failure after the signal does not count. */
  async run(signal: AbortSignal): Promise<void> {
    try {
      while (!signal.aborted) {
        await this.#clear(signal);
        await rest(Math.random() * LONGEST_REST);
      }
      await this.#app.pause();
    } catch (error) {
      await rest(500); // the servers may get the signal first
      if (!signal.aborted) this.breaches.push(`${this.#store.name}: ${error}`);
    } finally {
      this.#app.end();
    }
  }

  /** The results so far, in one line. */
  get state(): string {
    const peak = (part: readonly number[]) => quantile(part, 0.5).toFixed(1);
    const server = this.#memory.length === 0
      ? ""
      : `, the server's memory ${peak(this.#memory.slice(-9).map((bytes) => bytes / 2 ** 20))} MiB`;
    return `${this.#store.name}: ${this.#peaks.length} clears of ${this.#cleared} sessions, ` +
      `${this.#app.creations} written, ${this.#app.visits} visits, ` +
      `azu's peak ${peak(this.#peaks.slice(-9))} MiB${server}`;
  }

  /** Checks at the end whether memory has grown. */
  conclude(): void {
    if (this.#peaks.length === 0) this.#breach("no clear has finished");
    this.#checkGrowth("azu's peak memory", this.#peaks);
    this.#checkGrowth("the server's memory", this.#memory);
  }

  async #clear(signal: AbortSignal): Promise<void> {
    const { written } = this.#app;
    await this.#app.createMany(AT_ONCE);
    const start = performance.now();
    const run = await this.#store.clear();
    if (signal.aborted) return; // azu may have been interrupted too
    await this.#app.pause();
    const ids = await this.#store.ids();
    if (run.code !== 0 || run.remaining !== 0) {
      this.#breach(`exit code ${run.code}, ${run.remaining} remaining: ${run.said}`);
    }
    const unknown = ids.filter((id) => !written.has(id));
    const older = ids.filter((id) => (written.get(id) ?? Infinity) < start);
    if (unknown.length > 0) this.#breach(`${unknown.length} sessions came back`);
    if (older.length > 0) {
      this.#breach(`${older.length} sessions from before the clear still exist`);
    }
    if (run.cleared + ids.length !== written.size) {
      const found = `${run.cleared} cleared and ${ids.length} left`;
      this.#breach(`${found}, but ${written.size} were written`);
    }
    if (run.arrived > ids.length) {
      this.#breach(`${run.arrived} reported as new, but only ${ids.length} exist`);
    }
    this.#cleared += run.cleared;
    this.#peaks.push(run.peak);
    if (this.#store.memory) this.#memory.push(await this.#store.memory());
    const kept = new Set(ids);
    for (const id of [...written.keys()]) if (!kept.has(id)) written.delete(id);
    this.#app.resume();
  }

  /** Compares the first quarter of the clears with the last. */
  #checkGrowth(what: string, values: readonly number[]): void {
    if (values.length < FEW) return;
    const quarter = Math.floor(values.length / 4);
    const [first, last] = [values.slice(0, quarter), values.slice(-quarter)]
      .map((part) => quantile(part, 0.5));
    if (first === undefined || last === undefined || last <= first * GROWTH) return;
    this.#breach(`${what} grew by ${Math.round((last / first - 1) * 100)} %`);
  }

  #breach(what: string): void {
    this.breaches.push(`${this.#store.name}, clear ${this.#peaks.length + 1}: ${what}`);
  }
}

async function rest(milliseconds: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, milliseconds));
}
