import { OperationError } from "../core/errors.ts";

/** Milliseconds that an interrupted operation has to end by itself, its batch in flight done. */
const GRACE = 5000;

/** Milliseconds without a sign of life after which an operation is given up. */
const PATIENCE = 120_000;

/**
 * Waits for an operation, but not for ever: whatever a backend does, an interruption is answered,
 * and silence has an end.
 * @param work Is given a function to call at every sign of life.
 * @throws the signal's reason, or an {@link OperationError}.
 */
export async function guarded<T>(
  signal: AbortSignal,
  work: (alive: () => void) => Promise<T>,
): Promise<T> {
  const { promise: ended, reject } = Promise.withResolvers<never>();
  const giveUp = () => reject(new OperationError(`No answer for ${PATIENCE / 1000} s; given up`));
  let timer = setTimeout(giveUp, PATIENCE);
  const alive = () => {
    clearTimeout(timer);
    timer = setTimeout(giveUp, PATIENCE);
  };
  const interrupt = () => {
    clearTimeout(timer);
    timer = setTimeout(() => reject(signal.reason), GRACE);
  };
  if (signal.aborted) interrupt();
  signal.addEventListener("abort", interrupt, { once: true });
  try {
    return await Promise.race([work(alive), ended]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", interrupt);
  }
}
