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

  /** Each session carries its birth; when it was there for certain is known here only. */
  async #create(): Promise<void> {
    const id = `${Date.now()}-${crypto.randomUUID()}`;
    await this.#store.create(id);
    this.written.set(id, performance.now());
    this.creations++;
    this.#cookies[this.creations % COOKIES] = id;
  }

  async #visit(): Promise<void> {
    const id = this.#cookies[Math.floor(Math.random() * this.#cookies.length)];
    if (id === undefined) return;
    await this.#store.visit(id);
    this.visits++;
  }
}

async function rest(milliseconds: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, milliseconds));
}
