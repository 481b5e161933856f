/** Sends requests to the nodes of the test app that there are at the moment. */
import { pollUntil } from "../support/poll.ts";
import { type Answer, send } from "./client.ts";
import { COOKIE_NAME } from "./variants.ts";

/** Requests at once: more would only wait for the connections of the app's pools. */
const AT_ONCE = 24;
/** Milliseconds until a request without an answer, sent again and again, is a failure. */
const PATIENCE = 20_000;

/** A node of the app. */
export interface Address {
  readonly url: string;
}

/** An answer, and whether the request was sent to several nodes until one has answered. */
export interface SentAnswer extends Answer {
  readonly isResent: boolean;
}

export class Sender {
  readonly #onResent: () => void;
  /** Those who wait for their turn, because enough requests are under way. */
  readonly #waiting: (() => void)[] = [];
  #free = AT_ONCE;
  /** How many requests are under way at each node. */
  readonly #underWay = new Map<string, number>();
  #urls: readonly string[];

  constructor(nodes: readonly Address[], onResent: () => void) {
    this.#urls = nodes.map(({ url }) => url);
    this.#onResent = onResent;
  }

  get urls(): readonly string[] {
    return this.#urls;
  }

  /** Sends the requests to these nodes from now on; returns when the others have no more. */
  async useNodes(nodes: readonly Address[]): Promise<void> {
    this.#urls = nodes.map(({ url }) => url);
    const isIdle = () => {
      return [...this.#underWay].every(([url, count]) => count === 0 || this.#urls.includes(url));
    };
    await pollUntil("the last requests of the nodes before", isIdle);
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
  ): Promise<SentAnswer> {
    const cookie = id === undefined ? undefined : `${COOKIE_NAME}=${id}`;
    const deadline = performance.now() + PATIENCE;
    for (let isResent = false;; isResent = true) {
      await this.#turn();
      const node = url ?? pick(this.#urls);
      const underWay = (change: 1 | -1) => {
        this.#underWay.set(node, (this.#underWay.get(node) ?? 0) + change);
      };
      underWay(1);
      try {
        return { ...await send(node, method, path, cookie), isResent };
      } catch (error) {
        if (performance.now() > deadline) throw error;
        this.#onResent();
      } finally {
        underWay(-1);
        this.#passTurn();
      }
      await pause(50);
    }
  }

  async #turn(): Promise<void> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  #passTurn(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free++;
    else next();
  }
}

function pick(urls: readonly string[]): string {
  const url = urls[Math.floor(Math.random() * urls.length)];
  if (url === undefined) throw new Error("there is no node to visit");
  return url;
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
