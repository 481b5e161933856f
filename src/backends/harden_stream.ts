/** Keeps what a server sends from ending the process: drivers trust it more than we do. */
import type { Duplex } from "node:stream";

/** Bytes of an answer. The largest that azu asks for has a few thousand keys. */
const LARGEST_ANSWER = 64 << 20;

class EndlessAnswer extends Error {
  override name = "EndlessAnswer";
  constructor() {
    super(`Unexpected answer: it is larger than ${LARGEST_ANSWER >> 20} MiB`);
  }
}

/** Destroys the stream of a driver when the server sends something that the driver cannot take. */
export function hardenStream(stream: Duplex): void {
  containErrors(stream);
  limitAnswers(stream);
}

/**
 * Destroys a stream if one of its "data" listeners throws, with the error as the reason. Drivers
 * parse what a server sends in such listeners, and some parsers throw on garbage; without this,
 * that would be an uncaught error of the process instead of a lost connection.
 */
function containErrors(stream: Duplex): void {
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

/** Destroys a stream if an answer never ends, because drivers would keep all of it in memory. */
function limitAnswers(stream: Duplex): void {
  const emit = stream.emit.bind(stream);
  const write = stream.write.bind(stream);
  let received = 0; // since the last request
  const value = (...args: unknown[]): unknown => {
    received = 0;
    return Reflect.apply(write, stream, args);
  };
  Object.defineProperty(stream, "write", { value, configurable: true, writable: true });
  stream.emit = (event: string | symbol, ...args: unknown[]): boolean => {
    const [chunk] = args;
    if (event === "data" && chunk instanceof Uint8Array) received += chunk.length;
    if (received <= LARGEST_ANSWER || event !== "data") return emit(event, ...args);
    stream.destroy(new EndlessAnswer());
    return true;
  };
}
