import type { Duplex } from "node:stream";

/** Bytes of an answer. The largest that azu asks for has a few thousand keys. */
const LARGEST_ANSWER = 64 << 20;

class EndlessAnswer extends Error {
  override name = "EndlessAnswer";
  constructor() {
    super(`Unexpected answer: it is larger than ${LARGEST_ANSWER >> 20} MiB`);
  }
}

/**
 * Destroys a stream if one of its "data" listeners throws, with the error as the reason. Drivers
 * parse what a server sends in such listeners, and some parsers throw on garbage; without this,
 * that would be an uncaught error of the process instead of a lost connection.
 *
 * Also destroys it if an answer never ends, because drivers would keep all of it in memory.
 */
export function containListeners(stream: Duplex): void {
  const emit = stream.emit.bind(stream);
  const write = stream.write.bind(stream);
  let received = 0; // since the last request
  const value = (...args: unknown[]): unknown => {
    received = 0;
    return Reflect.apply(write, stream, args);
  };
  Object.defineProperty(stream, "write", { value, configurable: true, writable: true });
  stream.emit = (event: string | symbol, ...args: unknown[]): boolean => {
    if (event !== "data") return emit(event, ...args);
    const [chunk] = args;
    received += chunk instanceof Uint8Array ? chunk.length : 0;
    try {
      if (received > LARGEST_ANSWER) {
        throw new EndlessAnswer();
      }
      return emit(event, ...args);
    } catch (error) {
      stream.destroy(error instanceof Error ? error : new Error(String(error)));
      return true;
    }
  };
}
