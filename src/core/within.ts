/** How long something is waited for. */
export interface Limit {
  /** Milliseconds; without it, there is no limit in time. */
  readonly ms?: number;
  /** Ends the wait with its reason. */
  readonly signal?: AbortSignal;
  /** Makes the error that is thrown when the time is over; by default `timed out`. */
  late?(): unknown;
}

/**
 * Waits for work, but not beyond a limit. The work itself goes on: whoever began it must end it.
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
