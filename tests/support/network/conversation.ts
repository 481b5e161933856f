/** What is said between the tool and a store, and the one place in it where something goes wrong. */
import type { Requests } from "./requests.ts";

/** What happens to the bytes at a place of the conversation. */
export interface Fault {
  readonly kind: "cut" | "half-close" | "garble" | "delay" | "silence";
  /** Whose bytes: the tool's requests, or the store's answers. */
  readonly side: Side;
  /**
   * After how many bytes of that side, over all connections; or after how many requests: before
   * the next one, or before what the store sends next once that has passed.
   */
  readonly at: number;
  /** Default `"byte"`. */
  readonly unit?: "byte" | "request";
  /** Which bits of the byte are turned, where it is garbled; of a request, the one in its middle. */
  readonly bits?: number;
  /** Whether nobody gets through any more once it has happened. */
  readonly forGood?: true;
}

export type Side = "request" | "answer";

/** Milliseconds of a delay: longer than a reply takes, shorter than anybody's patience. */
const DELAY = 300;

/** All that is said over all connections, and the one place in it. */
export class Conversation {
  readonly sent = { request: 0, answer: 0, requests: 0 };
  happened = false;
  /** What came before the byte that was garbled, and that; and, behind an arrow, what it became. */
  garbled = "";
  readonly #fault: Fault | undefined;

  constructor(fault: Fault | undefined) {
    this.#fault = fault;
  }

  /** @returns where in these bytes of the tool the place is. */
  asked(bytes: Uint8Array, requests: Requests): number | undefined {
    const before = this.sent.requests;
    const starts = requests.starts(bytes);
    this.sent.requests += starts.length;
    const place = this.#byte("request", bytes);
    if (!this.#isAt("request", "request")) return place;
    const nth = (this.#fault?.at ?? 0) - before;
    const start = starts[nth];
    if (start === undefined || this.#fault?.kind !== "garble") return start;
    return Math.floor((start + (starts[nth + 1] ?? bytes.length)) / 2);
  }

  /** @returns where in these bytes of the store the place is. */
  answered(bytes: Uint8Array): number | undefined {
    const place = this.#byte("answer", bytes);
    if (!this.#isAt("answer", "request")) return place;
    if (this.sent.requests <= (this.#fault?.at ?? 0)) return undefined;
    return this.#fault?.kind === "garble" ? Math.floor(bytes.length / 2) : 0;
  }

  /**
   * The one thing goes wrong.
   * @returns what to pass on of these bytes.
   */
  async spoil(bytes: Uint8Array, place: number, ends: Ends): Promise<Uint8Array> {
    this.happened = true;
    switch (this.#fault?.kind) {
      case "garble":
        this.garbled = latin1(bytes.subarray(0, place + 1));
        bytes[place] = (bytes[place] ?? 0) ^ (this.#fault.bits ?? 0x15);
        this.garbled += `→${latin1(bytes.subarray(place, place + 1))}`;
        return bytes;
      case "silence":
        ends.silent = true;
        return bytes.subarray(0, place);
      case "half-close":
        ends.over = "half";
        return bytes.subarray(0, place);
      case "cut":
        ends.over = "all";
        return bytes.subarray(0, place);
      default:
        await new Promise((resolve) => setTimeout(resolve, DELAY));
        return bytes;
    }
  }

  #byte(side: Side, bytes: Uint8Array): number | undefined {
    const before = this.sent[side];
    this.sent[side] += bytes.length;
    const { at } = this.#fault ?? { at: 0 };
    return this.#isAt(side, "byte") && this.sent[side] > at ? at - before : undefined;
  }

  #isAt(side: Side, unit: "byte" | "request"): boolean {
    const { side: wanted, unit: counted = "byte" } = this.#fault ?? {};
    return !this.happened && side === wanted && unit === counted;
  }
}

function latin1(bytes: Uint8Array): string {
  return new TextDecoder("latin1").decode(bytes);
}

/** How one direction of a connection goes on. */
export interface Ends {
  over: "half" | "all" | undefined;
  silent: boolean;
}
