import type { Duplex } from "node:stream";

/**
 * Destroys a stream if one of its "data" listeners throws, with the error as the reason. Drivers
 * parse what a server sends in such listeners, and some parsers throw on garbage; without this,
 * that would be an uncaught error of the process instead of a lost connection.
 */
export function containListeners(stream: Duplex): void {
  const emit = stream.emit.bind(stream);
  stream.emit = (event: string | symbol, ...args: unknown[]): boolean => {
    if (event !== "data") return emit(event, ...args);
    try {
      return emit(event, ...args);
    } catch (error) {
      stream.destroy(error instanceof Error ? error : new Error(String(error)));
      return true;
    }
  };
}
