/** Tells the app's nodes of a clear: what they keep in caches would outlive it. */
import type { Backend, Store } from "../../backends/contract.ts";
import { formatMilliseconds } from "../../core/duration.ts";
import { type AzuError, OperationError } from "../../core/errors.ts";
import { asAzuError } from "../../backends/custom.ts";
import { briefly } from "../guard.ts";

/** How many nodes heard it, or why none was told. */
export type NodesReport =
  | { readonly told: number; readonly untold?: never }
  | { readonly told?: never; readonly untold: "as asked" | AzuError };

export interface NodesRequest {
  readonly signal: AbortSignal;
  /** Whether nodes are to be told. */
  readonly broadcast: boolean;
  /** The present moment. */
  now(): Date;
  onPhase?(phase: "nodes"): void;
}

/** The nodes of the app that use a store; there are none where it has no `dropCaches`. */
export class Nodes {
  readonly #store: Store;
  readonly #backend: Backend;
  readonly #request: NodesRequest;
  #report: NodesReport | undefined;
  /** Whether they were told after an interruption: nothing is removed any more then. */
  #isLast = false;
  #wasInterrupted = false;

  constructor(store: Store, backend: Backend, request: NodesRequest) {
    this.#store = store;
    this.#backend = backend;
    this.#request = request;
  }

  /** What became of it; undefined where there are none to tell. */
  get report(): NodesReport | undefined {
    return this.#report;
  }

  /** Whether they were not told as the telling was interrupted: nothing is known to be wrong. */
  get wasInterrupted(): boolean {
    return this.#wasInterrupted;
  }

  /** Tells them, in a few seconds. Failures are in the report. Returns how many heard it. */
  async tell(): Promise<number> {
    if (this.#store.dropCaches === undefined || this.#isLast) return 0;
    this.#isLast = this.#request.signal.aborted;
    this.#report = await this.#tell();
    return this.#report.told ?? 0;
  }

  async #tell(): Promise<NodesReport> {
    const { broadcast, now, signal } = this.#request;
    if (!broadcast) return { untold: "as asked" };
    this.#request.onPhase?.("nodes");
    try {
      const told = await briefly(signal, async (late) => {
        return await this.#store.dropCaches?.(late, now()) ?? 0;
      });
      return { told };
    } catch (error) {
      this.#wasInterrupted = signal.aborted;
      return { untold: asAzuError(error, this.#backend) };
    }
  }
}

/** How long a node may go on with what it was not told to drop. */
export function cacheTime({ nodeCache }: Backend): string {
  return nodeCache === undefined
    ? "as long as it caches"
    : `up to ${formatMilliseconds(nodeCache.cacheTtl)}`;
}

/** A clear that reached the store alone is none: who was logged out may be served all the same. */
export function untoldError(backend: Backend, cleared: number, cause: AzuError): AzuError {
  return new OperationError(
    (cleared > 0
      ? `${cleared} session(s) are gone from the store`
      : "There are no sessions in the store") +
      `, but the app's nodes could not be told to drop those in their caches: ${cause.message}`,
    {
      hint:
        `Each node may serve cleared sessions for ${cacheTime(backend)}: restart the nodes, or ` +
        `run the command again once they can be told${
          cause.hint === undefined ? "" : `. ${cause.hint}`
        }`,
      cause,
    },
  );
}
