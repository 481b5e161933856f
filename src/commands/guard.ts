import { OperationError } from "../core/errors.ts";

/** Milliseconds that an interrupted operation has to end by itself, its batch in flight done. */
const GRACE = 3200;

/**
 * Milliseconds for a last word, of which there are two: to the app's nodes, and to the store. After
 * an interruption, both and the grace are less than five seconds.
 */
const LAST_WORD = 5000;
const INTERRUPTED_WORD = 700;

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
  const giveUp = () => {
    const silence = `The store gave no sign of life for ${PATIENCE / 1000} s; given up`;
    reject(new OperationError(silence, { hint: "Look whether it is overloaded, or hangs" }));
  };
  let timer = setTimeout(giveUp, PATIENCE);
  let isOver = false;
  const alive = () => {
    if (isOver || signal.aborted) return; // the grace is not made longer
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
    isOver = true;
    clearTimeout(timer);
    signal.removeEventListener("abort", interrupt);
  }
}

/**
 * Waits for what is quickly done, and is tried even when everything else was interrupted.
 * @throws {OperationError} when it takes longer.
 */
export async function briefly<T>(
  signal: AbortSignal,
  work: (late: AbortSignal) => Promise<T>,
): Promise<T> {
  const late = new AbortController();
  const { promise: ended, reject } = Promise.withResolvers<never>();
  const giveUp = () => {
    const error = new OperationError("No answer within seconds; given up");
    reject(error);
    late.abort(error);
  };
  let timer = setTimeout(giveUp, LAST_WORD);
  const interrupt = () => {
    clearTimeout(timer);
    timer = setTimeout(giveUp, INTERRUPTED_WORD);
  };
  if (signal.aborted) interrupt();
  signal.addEventListener("abort", interrupt, { once: true });
  try {
    return await Promise.race([work(late.signal), ended]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", interrupt);
  }
}
