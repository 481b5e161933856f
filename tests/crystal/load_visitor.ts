/** A visitor of the test app who knows what must be true of its session. */
import { type Answer, sessionCookie } from "./client.ts";
import type { SentAnswer } from "./sender.ts";

/** A session that is alive. */
export interface LiveSession {
  readonly id: string;
  readonly user: number;
}

/** What a visitor needs, and whom it tells what has happened. */
interface Surroundings {
  readonly counts: { visits: number; logins: number; logouts: number };
  /** @param url The node; any of them without it. */
  request(
    method: "GET" | "POST",
    path: string,
    id: string | undefined,
    url?: string,
  ): Promise<SentAnswer>;
  /** Remembers a session that must never be alive again. */
  ended(id: string): void;
  fail(failure: string): void;
}

/** One visitor, with one session at a time. Its requests follow each other. */
export class LoadVisitor {
  visits = 0;
  readonly #load: Surroundings;
  readonly #user: number;
  #id: string | undefined;
  /** What its session must hold; undefined if a lost answer has left it open. */
  #value: string | undefined;
  /** Whether somebody is ending the session from outside. */
  #isHeld = false;
  /** Whether the session is being replaced or ended by a request of its own. */
  #isChanging = false;

  constructor(load: Surroundings, user: number) {
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
  async #change(path: string): Promise<SentAnswer> {
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

export function textOf({ status, user, value }: Answer): string {
  return `status ${status}, user ${user}, value "${value}"`;
}
