/**
 * Visitors who keep requesting the test app, from any number of nodes, and who know what must be
 * true of each answer: a session is alive, with its user and its latest data, until it is ended, and
 * never again after that.
 */
import { pollUntil } from "../support/poll.ts";
import { type Answer, send, sessionCookie } from "./client.ts";
import { COOKIE_NAME } from "./variants.ts";

/** Milliseconds between two requests of a visitor, at most. */
const PAUSE = 300;
/** Milliseconds until a request without an answer, sent again and again, is a failure. */
const PATIENCE = 20_000;
/** How many failures are reported. */
const SHOWN = 10;

/** A node of the app. */
interface Address {
  readonly url: string;
}

/** A session that is alive. */
export interface LiveSession {
  readonly id: string;
  readonly user: number;
}

export class Load implements AsyncDisposable {
  /** What has happened so far. `resent`: requests that a node has not answered. */
  readonly counts = { visits: 0, logins: 0, logouts: 0, revoked: 0, probes: 0, resent: 0 };
  readonly #visitors: readonly LoadVisitor[];
  readonly #failures: string[] = [];
  /** Sessions that have ended. */
  readonly #ended: string[] = [];
  /** How many requests are under way at each node. */
  readonly #underWay = new Map<string, number>();
  #urls: readonly string[];
  #isStopped = false;
  #work: Promise<unknown> = Promise.resolve();

  private constructor(nodes: readonly Address[], visitors: number) {
    this.#urls = nodes.map(({ url }) => url);
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
    this.#urls = nodes.map(({ url }) => url);
    const isIdle = () => {
      return [...this.#underWay].every(([url, count]) => count === 0 || this.#urls.includes(url));
    };
    await pollUntil("the last requests of the nodes before", isIdle);
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
    for (const url of this.#urls) {
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

  /**
   * Sends a request to one of the nodes, and again if that one goes away.
   * @param url The node; any of them without it.
   */
  async request(
    method: "GET" | "POST",
    path: string,
    id: string | undefined,
    url?: string,
  ): Promise<Answer & { readonly isResent: boolean }> {
    const cookie = id === undefined ? undefined : `${COOKIE_NAME}=${id}`;
    const deadline = performance.now() + PATIENCE;
    for (let isResent = false;; isResent = true) {
      const node = url ?? pick(this.#urls);
      const underWay = (change: 1 | -1) => {
        this.#underWay.set(node, (this.#underWay.get(node) ?? 0) + change);
      };
      underWay(1);
      try {
        return { ...await send(node, method, path, cookie), isResent };
      } catch (error) {
        if (performance.now() > deadline) throw error;
        this.counts.resent++;
      } finally {
        underWay(-1);
      }
      await pause(50);
    }
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

/** One visitor, with one session at a time. Its requests follow each other. */
class LoadVisitor {
  visits = 0;
  readonly #load: Load;
  readonly #user: number;
  #id: string | undefined;
  /** What its session must hold; undefined if a lost answer has left it open. */
  #value: string | undefined;
  /** Whether somebody is ending the session from outside. */
  #isHeld = false;
  /** Whether the session is being replaced or ended by a request of its own. */
  #isChanging = false;

  constructor(load: Load, user: number) {
    this.#load = load;
    this.#user = user;
  }

  /** Whether its session can be ended from outside now. */
  get isOpen(): boolean {
    return !this.#isHeld && !this.#isChanging && this.#id !== undefined;
  }

  hold(): LiveSession {
    if (this.#id === undefined) throw new Error("there is no session to end");
    this.#isHeld = true;
    return { id: this.#id, user: this.#user };
  }

  release(): void {
    this.#isHeld = false;
    this.#id = undefined;
  }

  /** One or two requests: a tenth of the visitors log out, a tenth log in again, a fifth only look. */
  async visit(): Promise<void> {
    const isDue = this.visits % 4 === 3 && !this.#isHeld;
    if (this.#id === undefined) await this.logIn();
    else if (isDue && this.#user % 10 === 0) await this.#logOut();
    else if (isDue && this.#user % 10 === 1) await this.logIn();
    else {
      await this.look();
      if (this.#user % 10 > 3) await this.#touch();
    }
    this.visits++;
  }

  /** Logs in, which ends the session that it has and begins another with the same data. */
  async logIn(): Promise<void> {
    const before = this.#id;
    const answer = await this.#change(`/login?user=${this.#user}`);
    const id = sessionCookie(answer.cookies);
    if (answer.status !== 200 || answer.user !== this.#user || id !== answer.id) {
      this.#load.fail(`user ${this.#user} cannot log in: ${textOf(answer)}`);
    }
    this.#id = id;
    this.#value = answer.isResent ? undefined : before === undefined ? "" : this.#value;
    this.#load.counts.logins++;
  }

  /** Looks whether the session is as it was left. @param url The node to ask. */
  async look(url?: string): Promise<void> {
    const [id, value] = [this.#id, this.#value];
    if (id === undefined) return;
    const answer = await this.#load.request("GET", "/me", id, url);
    if (!this.#isCertain(id)) return;
    this.#expectAlive(answer, id);
    if (value !== undefined && answer.value !== value) {
      this.#load.fail(`user ${this.#user} left "${value}" and finds "${answer.value}"`);
    }
  }

  /** Counts the visit in the session. */
  async #touch(): Promise<void> {
    const id = this.#id;
    if (id === undefined) return;
    const value = String(this.visits);
    const answer = await this.#load.request("POST", `/touch?value=${value}`, id);
    if (!this.#isCertain(id)) return;
    this.#expectAlive(answer, id);
    this.#value = value;
    this.#load.counts.visits++;
  }

  async #logOut(): Promise<void> {
    const answer = await this.#change("/logout");
    this.#id = undefined;
    if (answer.status !== 200 || answer.user !== null) {
      this.#load.fail(`user ${this.#user} cannot log out: ${textOf(answer)}`);
    }
    this.#load.counts.logouts++;
  }

  /** A request that ends the session. It is ended even if the request was sent twice. */
  async #change(path: string): Promise<Answer & { readonly isResent: boolean }> {
    const before = this.#id;
    this.#isChanging = true;
    try {
      const answer = await this.#load.request("POST", path, before);
      if (before !== undefined) this.#load.ended(before);
      return answer;
    } finally {
      this.#isChanging = false;
    }
  }

  /** Whether nobody was ending the session while a request was under way. */
  #isCertain(id: string): boolean {
    return !this.#isHeld && this.#id === id;
  }

  #expectAlive(answer: Answer, id: string): void {
    if (answer.status === 200 && answer.user === this.#user && answer.id === id) return;
    this.#load.fail(`user ${this.#user} should be logged in: ${textOf(answer)}`);
  }
}

function textOf({ status, user, value }: Answer): string {
  return `status ${status}, user ${user}, value "${value}"`;
}

function pick(urls: readonly string[]): string {
  const url = urls[Math.floor(Math.random() * urls.length)];
  if (url === undefined) throw new Error("there is no node to visit");
  return url;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
