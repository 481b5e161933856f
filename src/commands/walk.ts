/** Reads sessions, and stops once enough of them have been seen. */
import { Buffer } from "node:buffer";
import type { Backend, ListOptions, SessionInfo, Sessions } from "../backends/contract.ts";
import { ImpossibleError } from "../core/errors.ts";
import { guarded } from "./guard.ts";

/** Options of {@linkcode walk}. */
export interface WalkOptions
  extends Pick<ListOptions, "signal" | "budget" | "tellsHome" | "onUnreadable" | "onSlow"> {
  readonly backend: Backend;
  /** Receives each batch. Returns whether it wants more. */
  visit(batch: readonly SessionInfo[]): boolean;
}

/**
 * @throws {ImpossibleError} if the store cannot list sessions. Also throws what the store throws,
 *   and the signal's reason.
 */
export async function walk(
  sessions: Sessions,
  { backend, signal, budget, tellsHome, onUnreadable, onSlow, visit }: WalkOptions,
): Promise<void> {
  const { list } = sessions;
  if (list === undefined) {
    throw new ImpossibleError(`The ${backend.name} backend cannot list sessions`, {
      hint: "Its store has no method `list`",
    });
  }
  signal.throwIfAborted();
  const enough = new AbortController();
  const reason = new Error("enough sessions have been read");
  await guarded(signal, async (alive) => {
    const options: ListOptions = {
      signal: AbortSignal.any([signal, enough.signal]),
      ...(budget === undefined ? {} : { budget }),
      ...(tellsHome === undefined ? {} : { tellsHome }),
      ...(onUnreadable === undefined ? {} : { onUnreadable }),
      ...(onSlow === undefined ? {} : { onSlow }),
      onProgress: alive,
      onSessions(batch) {
        if (!enough.signal.aborted && !visit(batch.map(compact))) enough.abort(reason);
        // Only now: a visitor may have waited long for a reader of its output.
        alive();
      },
    };
    await list.call(sessions, options).catch((error: unknown) => {
      if (error !== reason) throw error;
    });
  });
}

/** The most characters of a user agent. Visitors choose it, and could make it very long. */
const LONGEST_AGENT = 1000;

/** A copy with these properties only, which takes less memory than what a store puts together. */
function compact(session: SessionInfo): SessionInfo {
  const { handle, user, createdAt, visitedAt, expiresAt, size, ip, userAgent, storedIn } = session;
  return {
    handle,
    user,
    createdAt,
    visitedAt,
    expiresAt,
    size,
    ip,
    userAgent: userAgent && userAgent.length > LONGEST_AGENT ? shortened(userAgent) : userAgent,
    ...(storedIn === undefined ? {} : { storedIn }),
  };
}

/** Made from bytes, because a part of a text keeps all of it in memory. */
function shortened(text: string): string {
  return `${Buffer.from(text.slice(0, LONGEST_AGENT)).toString()}…`;
}
