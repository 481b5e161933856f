/** Clears again and again while an app writes, and holds every clear to what it said. */
import { quantile } from "./stats.ts";
import { SoakApp } from "./soak_app.ts";
import type { SoakStore } from "./soak_store.ts";

/** Milliseconds between two clears, at the most. */
const LONGEST_REST = 2000;

/** Sessions that are there before each clear, so that it takes several batches. */
const AT_ONCE = 5000;

/** The most that memory may grow by, as a part: the measurement itself varies by a few percent. */
const GROWTH = 1.1;

/** Clears that are too few to tell growth from chance. */
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

  /** Until the signal; what fails because of it is none of the store's or azu's doing. */
  async run(signal: AbortSignal): Promise<void> {
    try {
      while (!signal.aborted) {
        await this.#clear(signal);
        await rest(Math.random() * LONGEST_REST);
      }
      await this.#app.pause();
    } catch (error) {
      await rest(500); // a server may hear of the interruption before we do
      if (!signal.aborted) this.breaches.push(`${this.#store.name}: ${error}`);
    } finally {
      this.#app.end();
    }
  }

  /** What has been so far, as a line. */
  get state(): string {
    const peak = (part: readonly number[]) => quantile(part, 0.5).toFixed(1);
    const server = this.#memory.length === 0
      ? ""
      : `, the server's memory ${peak(this.#memory.slice(-9).map((bytes) => bytes / 2 ** 20))} MiB`;
    return `${this.#store.name}: ${this.#peaks.length} clears of ${this.#cleared} sessions, ` +
      `${this.#app.creations} written, ${this.#app.visits} visits, ` +
      `azu's peak ${peak(this.#peaks.slice(-9))} MiB${server}`;
  }

  /** The last word: whether memory has grown. */
  conclude(): void {
    if (this.#peaks.length === 0) this.#breach("no clear came to its end");
    this.#checkGrowth("azu's peak memory", this.#peaks);
    this.#checkGrowth("the server's memory", this.#memory);
  }

  async #clear(signal: AbortSignal): Promise<void> {
    const { written } = this.#app;
    await this.#app.createMany(AT_ONCE);
    const start = performance.now();
    const run = await this.#store.clear();
    if (signal.aborted) return; // it may have been interrupted too
    await this.#app.pause();
    const ids = await this.#store.ids();
    if (run.code !== 0 || run.remaining !== 0) {
      this.#breach(`exit code ${run.code}, ${run.remaining} remaining: ${run.said}`);
    }
    const unknown = ids.filter((id) => !written.has(id));
    const older = ids.filter((id) => (written.get(id) ?? Infinity) < start);
    if (unknown.length > 0) this.#breach(`${unknown.length} sessions came back`);
    if (older.length > 0) this.#breach(`${older.length} sessions from before a clear are there`);
    if (run.cleared + ids.length !== written.size) {
      const found = `${run.cleared} cleared and ${ids.length} there`;
      this.#breach(`${found} are not the ${written.size} that were written`);
    }
    if (run.arrived > ids.length) this.#breach(`${run.arrived} arrived, ${ids.length} are there`);
    this.#cleared += run.cleared;
    this.#peaks.push(run.peak);
    if (this.#store.memory) this.#memory.push(await this.#store.memory());
    const kept = new Set(ids);
    for (const id of [...written.keys()]) if (!kept.has(id)) written.delete(id);
    this.#app.resume();
  }

  /** The first quarter of the clears against the last. */
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
