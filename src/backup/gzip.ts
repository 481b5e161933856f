/** Compression: one member of gzip. */
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip, createGzip } from "node:zlib";
import { CHUNK, type Sink } from "./sink.ts";
import { altered, truncated, Unusable } from "./unusable.ts";

/** How gzip begins. */
export const GZIP = "\x1f\x8b";

/** The fastest. The default makes sessions a quarter smaller, in three times the time (measured). */
const LEVEL = 1;

/** Compresses what is written, and writes it to the target. */
export function gzipTo(target: Sink): Sink {
  const gzip = createGzip({ level: LEVEL, chunkSize: CHUNK });
  let ready: Uint8Array[] = [];
  gzip.on("data", (chunk: Uint8Array) => ready.push(chunk));
  const pass = async () => {
    const chunks = ready;
    ready = [];
    for (const chunk of chunks) await target.write(chunk);
  };
  return {
    async write(chunk) {
      await new Promise<void>((resolve, reject) => {
        gzip.write(chunk, (error) => error ? reject(error) : resolve());
      });
      await pass();
    },
    async close() {
      await new Promise<void>((resolve, reject) => {
        gzip.once("end", resolve);
        gzip.once("error", reject);
        gzip.end();
      });
      await pass();
      await target.close();
    },
  };
}

/**
 * Unpacks a stream in chunks of limited size, however well it was compressed.
 * @throws {Unusable} if it is not exactly one member of gzip.
 */
export async function* gunzip(packed: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const end = new Tail();
  const gunzip = createGunzip({ chunkSize: CHUNK });
  const feeding = pipeline(Readable.from(end.of(packed)), gunzip);
  feeding.catch(() => {}); // the loop below gets the same error
  let size = 0;
  try {
    for await (const chunk of gunzip) {
      size += chunk.length;
      yield chunk;
    }
  } catch (error) {
    throw damageIn(error) ?? error;
  }
  // zlib ignores zeros behind the end, and joins another member. Both move the last field of gzip,
  // which is the size of what was packed.
  if (end.asNumber() !== size % 2 ** 32) {
    throw new Unusable("has something behind its end, or was altered there");
  }
}

/** Keeps the last four bytes of a stream that passes through. */
class Tail {
  readonly #bytes = new Uint8Array(4);

  async *of(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of chunks) {
      const last = chunk.subarray(-this.#bytes.length);
      this.#bytes.copyWithin(0, last.length);
      this.#bytes.set(last, this.#bytes.length - last.length);
      yield chunk;
    }
  }

  asNumber(): number {
    return new DataView(this.#bytes.buffer).getUint32(0, true);
  }
}

/** What an error of zlib says about the stream; undefined for any other error. */
function damageIn(error: unknown): Unusable | undefined {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  if (code === "Z_BUF_ERROR") return truncated();
  return code.startsWith("Z_") ? altered() : undefined;
}
