/** Time limits for everything that a command waits for. */
import { OperationError } from "../core/errors.ts";

/** Milliseconds that an interrupted operation has to finish its batch. */
const GRACE = 3200;

/**
 * Milliseconds for a last request: one to the app's nodes, and one to close the store. After an
 * interruption, both and the grace take less than five seconds.
 */
const LAST_REQUEST = 5000;
const INTERRUPTED_REQUEST = 700;

/** Milliseconds without a sign of life until an operation is given up. */
const PATIENCE = 120_000;

/**
 * Waits for an operation.
 * @param work Receives a function to call at every sign of life.
 * @throws the signal's reason, or an {@linkcode OperationError} after too long a silence.
 */
export async function guarded<T>(
  signal: AbortSignal,
  work: (alive: () => void) => Promise<T>,
): Promise<T> {
  const tooLong = () => {
    if (signal.aborted) return signal.reason;
    const silence = `The store has not responded for ${PATIENCE / 1000} s`;
    return new OperationError(silence, { hint: "Check whether it is overloaded or hangs" });
  };
  return await limited(signal, { ms: PATIENCE, interruptedMs: GRACE, tooLong }, work);
}

/**
 * Waits for something quick, which is tried even after an interruption.
 * @throws {OperationError} if it takes too long.
 */
export async function briefly<T>(
  signal: AbortSignal,
  work: (late: AbortSignal) => Promise<T>,
): Promise<T> {
  const late = new AbortController();
  const tooLong = () => {
    const error = new OperationError("No answer within a few seconds");
    late.abort(error);
    return error;
  };
  const limit = { ms: LAST_REQUEST, interruptedMs: INTERRUPTED_REQUEST, tooLong };
  return await limited(signal, limit, () => work(late.signal));
}

interface Limit {
  /** Milliseconds without a sign of life. */
  readonly ms: number;
  /** Milliseconds after an interruption. Signs of life do not extend them. */
  readonly interruptedMs: number;
  /** Called at the limit; returns the error to throw. */
  tooLong(): unknown;
}

async function limited<T>(
  signal: AbortSignal,
  { ms, interruptedMs, tooLong }: Limit,
  work: (alive: () => void) => Promise<T>,
): Promise<T> {
  const { promise: ended, reject } = Promise.withResolvers<never>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isOver = false;
  const restart = (limit: number) => {
    clearTimeout(timer);
    if (!isOver) timer = setTimeout(() => reject(tooLong()), limit);
  };
  const interrupt = () => restart(interruptedMs);
  restart(signal.aborted ? interruptedMs : ms);
  signal.addEventListener("abort", interrupt, { once: true });
  try {
    return await Promise.race([
      work(() => {
        if (!signal.aborted) restart(ms);
      }),
      ended,
    ]);
  } finally {
    isOver = true;
    clearTimeout(timer);
    signal.removeEventListener("abort", interrupt);
  }
}
