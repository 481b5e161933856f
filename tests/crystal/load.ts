/**
 * Visitors who keep requesting the test app, from any number of nodes, and who know what must be
 * true of each answer: a session is alive, with its user and its latest data, until it is ended, and
 * never again after that.
 */
import { pollUntil } from "../support/poll.ts";
import { type LiveSession, LoadVisitor, textOf } from "./load_visitor.ts";
import { type Address, pause, Sender } from "./sender.ts";

/** Milliseconds between two requests of a visitor, at most. */
const PAUSE = 300;
/** How many failures are reported. */
const SHOWN = 10;

export class Load implements AsyncDisposable {
  /** What has happened so far. `resent`: requests that a node has not answered. */
  readonly counts = { visits: 0, logins: 0, logouts: 0, revoked: 0, probes: 0, resent: 0 };
  readonly #sender: Sender;
  readonly #visitors: readonly LoadVisitor[];
  readonly #failures: string[] = [];
  /** Sessions that have ended. */
  readonly #ended: string[] = [];
  #isStopped = false;
  #work: Promise<unknown> = Promise.resolve();

  private constructor(nodes: readonly Address[], visitors: number) {
    this.#sender = new Sender(nodes, () => this.counts.resent++);
    this.#visitors = Array.from({ length: visitors }, (_, index) => {
      return new LoadVisitor(this, index + 1);
    });
  }

  /** Logs the visitors in, and has them visit the nodes until they are stopped. */
  static async start(nodes: readonly Address[], visitors = 200): Promise<Load> {
    const load = new Load(nodes, visitors);
    await Promise.all(load.#visitors.map((visitor) => visitor.logIn()));
    load.#work = Promise.all([
      ...load.#visitors.map((visitor) => load.#repeat(() => visitor.visit())),
      load.#probeOn(),
    ]);
    return load;
  }

  /** Sends the requests to these nodes from now on; returns when the others have no more. */
  async useNodes(nodes: readonly Address[]): Promise<void> {
    await this.#sender.useNodes(nodes);
  }

  /** Waits until everybody has visited so many times, and nothing was wrong. */
  async visited(times: number): Promise<void> {
    const goals = this.#visitors.map((visitor) => visitor.visits + times);
    const isDone = () => {
      this.#check();
      return this.#visitors.every(({ visits }, index) => visits >= (goals[index] ?? 0));
    };
    await pollUntil(`${times} visit(s) of everybody`, isDone, 120_000);
  }

  /**
   * Ends some sessions from outside the app, while their visitors go on visiting.
   * @param revoke Must have ended these sessions when it returns.
   */
  async revoke(
    count: number,
    revoke: (sessions: readonly LiveSession[]) => Promise<void>,
  ): Promise<void> {
    const chosen = this.#visitors.filter((visitor) => visitor.isOpen).slice(-count);
    const sessions = chosen.map((visitor) => visitor.hold());
    await revoke(sessions);
    for (const { id } of sessions) this.ended(id);
    for (const visitor of chosen) visitor.release();
    this.counts.revoked += sessions.length;
  }

  /** Stops. Asks all nodes once more for everybody, and throws if anything has been wrong. */
  async stop(): Promise<void> {
    await this[Symbol.asyncDispose]();
    for (const url of this.#sender.urls) {
      await Promise.all(this.#visitors.map((visitor) => visitor.look(url)));
      await Promise.all(this.#ended.map((id) => this.#probe(id, url)));
    }
    this.#check();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isStopped = true;
    await this.#work;
  }

  /** Remembers a session that must never be alive again. */
  ended(id: string): void {
    this.#ended.push(id);
  }

  fail(failure: string): void {
    this.#failures.push(failure);
  }

  /** @param url The node; any of them without it. */
  request(method: "GET" | "POST", path: string, id: string | undefined, url?: string) {
    return this.#sender.request(method, path, id, url);
  }

  /** Asks for the sessions that have ended, in turn. */
  async #probeOn(): Promise<void> {
    let next = 0;
    await this.#repeat(async () => {
      const ids = Array.from({ length: 8 }, () => this.#ended[next++ % this.#ended.length]);
      await Promise.all(ids.map((id) => id === undefined ? undefined : this.#probe(id)));
    });
  }

  async #probe(id: string, url?: string): Promise<void> {
    const answer = await this.request("GET", "/me", id, url);
    this.counts.probes++;
    if (answer.status !== 200 || answer.user !== null || answer.id === id) {
      this.fail(`a session that has ended is alive: ${textOf(answer)}`);
    }
  }

  async #repeat(turn: () => Promise<void>): Promise<void> {
    while (!this.#isStopped) {
      try {
        await turn();
      } catch (error) {
        this.fail(error instanceof Error ? error.message : String(error));
      }
      await pause(Math.random() * PAUSE);
    }
  }

  #check(): void {
    if (this.#failures.length === 0) return;
    const shown = this.#failures.slice(0, SHOWN).join("\n  ");
    throw new Error(`${this.#failures.length} wrong answer(s):\n  ${shown}`);
  }
}
