/** How long to wait. */
export interface Limit {
  /** Milliseconds; no limit without it. */
  readonly ms?: number;
  /** Ends the wait with its reason. */
  readonly signal?: AbortSignal;
  /** Returns the error to throw when the time is over; default: `timed out`. */
  late?(): unknown;
}

/**
 * Waits for work up to a limit. At the limit the work is not stopped: the caller must end it.
 * @throws what the work throws, what `late` returns, or the signal's reason.
 */
export async function within<T>(
  work: Promise<T>,
  { ms, signal, late = () => new Error("timed out") }: Limit,
): Promise<T> {
  const { promise: over, reject } = Promise.withResolvers<never>();
  const abort = () => reject(signal?.reason);
  const timer = ms === undefined ? undefined : setTimeout(() => reject(late()), ms);
  if (signal?.aborted) abort();
  signal?.addEventListener("abort", abort, { once: true });
  try {
    return await Promise.race([work, over]);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", abort);
  }
}
