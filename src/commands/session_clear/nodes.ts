/** Tells the app's nodes about a clear, because their caches would outlive it. */
import type { Backend, Store } from "../../backends/contract.ts";
import { formatMilliseconds } from "../../core/duration.ts";
import { type AzuError, OperationError } from "../../core/errors.ts";
import { asAzuError } from "../../backends/custom.ts";
import { briefly } from "../guard.ts";
import type { ClearRequest } from "./types.ts";
import type { Words } from "./words.ts";

/** How many nodes were told, or why none was. */
export type NodesReport =
  | { readonly told: number; readonly untold?: never }
  | { readonly told?: never; readonly untold: "as asked" | AzuError };

/** The app's nodes that use a store. */
export interface Nodes {
  /** Undefined if there are no nodes to tell. */
  report: NodesReport | undefined;
  /** Whether telling them was interrupted: then nothing is known to be wrong with them. */
  wasInterrupted: boolean;
  /**
   * Takes a few seconds at most. Failures are in the report.
   * @returns how many nodes were told.
   */
  tell(): Promise<number>;
}

/** A store without `dropCaches` has no nodes. */
export function nodesOf(store: Store, backend: Backend, request: ClearRequest): Nodes {
  const { signal, broadcast } = request;
  /** Whether they were told after an interruption. Nothing is removed after that. */
  let isLast = false;
  const tell = async (): Promise<NodesReport> => {
    if (!broadcast) return { untold: "as asked" };
    request.onPhase?.("nodes");
    try {
      const told = await briefly(signal, async (late) => {
        return await store.dropCaches?.(late, request.now()) ?? 0;
      });
      return { told };
    } catch (error) {
      nodes.wasInterrupted = signal.aborted;
      return { untold: asAzuError(error, backend) };
    }
  };
  const nodes: Nodes = {
    report: undefined,
    wasInterrupted: false,
    async tell() {
      if (store.dropCaches === undefined || isLast) return 0;
      isLast = signal.aborted;
      nodes.report = await tell();
      return nodes.report.told ?? 0;
    },
  };
  return nodes;
}

/** How long a node that was not told may serve cleared sessions. */
export function cacheTime({ nodeCache }: Backend): string {
  return nodeCache === undefined
    ? "as long as it caches"
    : `up to ${formatMilliseconds(nodeCache.cacheTtl)}`;
}

/** Clearing the store is not enough: nodes may still serve cleared sessions from their caches. */
export function untoldError(
  backend: Backend,
  cleared: number,
  { done, noneLeft }: Pick<Words, "done" | "noneLeft">,
  cause: AzuError,
): AzuError {
  return new OperationError(
    (cleared > 0 ? `${cleared} session(s) are gone from the store` : noneLeft) +
      `, but the app's nodes could not be told to drop their cached sessions: ${cause.message}`,
    {
      hint:
        `Each node may serve ${done} sessions for ${cacheTime(backend)}: restart the nodes, or ` +
        `run the command again once they can be told${
          cause.hint === undefined ? "" : `. ${cause.hint}`
        }`,
      cause,
    },
  );
}
