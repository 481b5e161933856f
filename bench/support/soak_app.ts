/** An app that keeps writing sessions and visiting old ones, including cleared ones. */
import type { SoakStore } from "./soak_store.ts";

const WORKERS = 4;

/** The longest rest of a worker after a request, in milliseconds. */
const REST = 10;

/** Old sessions that may be visited: a browser keeps its cookie after its session was cleared. */
const COOKIES = 5000;

export class SoakApp {
  /** For each session that should exist, the time when its write had finished. */
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

  /** Returns when no request is running. */
  async pause(): Promise<void> {
    this.#paused = true;
    while (this.#atWork > 0) await rest(1);
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Creates many sessions at once, besides those that the workers create. */
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

/** The id contains the time of creation, for debugging. */
function newId(): string {
  return `${Date.now()}-${crypto.randomUUID()}`;
}

async function rest(milliseconds: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, milliseconds));
}
