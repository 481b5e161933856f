/** Waits for replicas: one that lags behind and takes over would bring sessions back. */
import { type Backend, CONNECT_TIMEOUT, type Store } from "../../backends/contract.ts";
import { formatMilliseconds } from "../../core/duration.ts";
import { type AzuError, OperationError } from "../../core/errors.ts";
import { asAzuError } from "../../backends/custom.ts";
import { guarded } from "../guard.ts";
import type { ClearRequest } from "./types.ts";

/** The lowest number of replicas that caught up in time, or why that is not known. */
export type ReplicasReport =
  & { readonly asked: number }
  & (
    | { readonly followed: number; readonly unknown?: never }
    | { readonly followed?: never; readonly unknown: AzuError }
  );

/** @throws the signal's reason. Any other failure is in the report. */
export async function awaitReplicas(
  store: Store,
  backend: Backend,
  { signal, replicas, timeout = CONNECT_TIMEOUT }: ClearRequest,
): Promise<ReplicasReport> {
  signal.throwIfAborted();
  try {
    const followed = await guarded(signal, async () => {
      return await store.replicated?.(replicas, timeout, signal) ?? 0;
    });
    return { asked: replicas, followed };
  } catch (error) {
    signal.throwIfAborted();
    return { asked: replicas, unknown: asAzuError(error, backend) };
  }
}

/** The error if too few replicas have caught up. */
export function unfollowedError(
  cleared: number,
  { asked, followed, unknown }: ReplicasReport,
  timeout = CONNECT_TIMEOUT,
): OperationError | undefined {
  if (followed !== undefined && followed >= asked) return undefined;
  const state = cleared > 0
    ? `${cleared} session(s) are gone, and none remain`
    : "There are no sessions in the store";
  const problem = unknown === undefined
    ? `only ${followed} of ${asked} replica(s) have caught up within ${formatMilliseconds(timeout)}`
    : `it is not known whether replicas have caught up: ${unknown.message}`;
  return new OperationError(`${state}, but ${problem}`, {
    hint: "A replica that has not caught up and takes over brings sessions back: check the " +
      "replication, and run the command again, it is safe to repeat" +
      (unknown?.hint === undefined ? "" : `. ${unknown.hint}`),
    ...(unknown === undefined ? {} : { cause: unknown }),
  });
}
