/** An app that goes on writing sessions, and visits old ones, those that were cleared too. */
import type { SoakStore } from "./soak_store.ts";

const WORKERS = 4;

/** Milliseconds that a worker rests after each request, at the most. */
const REST = 10;

/** Old sessions that may be visited: a browser keeps its cookie, whatever became of the session. */
const COOKIES = 5000;

export class SoakApp {
  /** When each session that should be there was known to be written. */
  readonly written = new Map<string, number>();
  creations = 0;
  visits = 0;
  readonly #store: SoakStore;
  readonly #cookies: string[] = [];
  #paused = false;
  #ended = false;
  #atWork = 0;
  #next = 0;
  #failure: unknown;

  constructor(store: SoakStore) {
    this.#store = store;
    for (let worker = 0; worker < WORKERS; worker++) void this.#work();
  }

  /** Until nothing is under way. */
  async pause(): Promise<void> {
    this.#paused = true;
    while (this.#atWork > 0) await rest(1);
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Many sessions at once, beside those that come one by one. */
  async createMany(count: number): Promise<void> {
    const ids = Array.from({ length: count }, newId);
    await this.#store.createMany(ids);
    const now = performance.now();
    for (const id of ids) this.written.set(id, now);
    this.creations += count;
  }

  resume(): void {
    this.#paused = false;
  }

  end(): void {
    this.#ended = true;
  }

  async #work(): Promise<void> {
    while (!this.#ended && this.#failure === undefined) {
      await rest(Math.random() * REST);
      if (this.#paused) continue;
      this.#atWork++;
      try {
        await (Math.random() < 0.5 ? this.#create() : this.#visit());
      } catch (error) {
        this.#failure = error;
      } finally {
        this.#atWork--;
      }
    }
  }

  async #create(): Promise<void> {
    const id = newId();
    await this.#store.create(id);
    this.written.set(id, performance.now());
    this.creations++;
    this.#cookies[this.#next++ % COOKIES] = id;
  }

  async #visit(): Promise<void> {
    const id = this.#cookies[Math.floor(Math.random() * this.#cookies.length)];
    if (id === undefined) return;
    await this.#store.visit(id);
    this.visits++;
  }
}

/** Each session carries its birth, for whoever looks; when it was there for certain is known here. */
function newId(): string {
  return `${Date.now()}-${crypto.randomUUID()}`;
}

async function rest(milliseconds: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, milliseconds));
}
