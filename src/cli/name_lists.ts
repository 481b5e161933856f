/** Lists of users and handles, from files or from standard input. */
import { resolve } from "node:path";
import { messageOf, UsageError } from "../core/errors.ts";
import { utf8Text } from "../core/text.ts";
import type { Host } from "./terminal/host.ts";

/** The most names in a list, and bytes of its file. */
const MOST_NAMES = 100_000;
const MOST_BYTES = 16 * 1024 * 1024;

/** The name of a file that stands for standard input. */
export const STDIN = "-";

/**
 * The names in a file, one per line. Blank lines and blanks around a name do not count.
 * @param option For messages, which never quote the file: somebody may have named the wrong one.
 * @param file Its name, relative to the folder; `-` for standard input.
 * @throws {UsageError} if it cannot be read, is too large, or has no names.
 */
export async function namesFrom(
  host: Host,
  option: string,
  file: string,
  folder: string,
): Promise<readonly string[]> {
  if (file === "") throw new UsageError(`${option} needs a file, and got an empty text`);
  const where = file === STDIN ? "stdin" : file;
  const text = await read(host, file, folder).catch((error: unknown) => {
    throw new UsageError(`${option}: cannot read ${where}: ${messageOf(error)}`, { cause: error });
  });
  const names = new Set<string>();
  for (const [line] of text.matchAll(/[^\n]+/g)) {
    const name = line.trim();
    if (name !== "") names.add(name);
    if (names.size > MOST_NAMES) {
      throw new UsageError(`${option}: ${where} has more than ${MOST_NAMES} lines`, {
        hint: "Split it, and run the command for each part",
      });
    }
  }
  if (names.size > 0) return [...names];
  throw new UsageError(`${option}: ${where} is empty, so it selects nothing`, {
    hint: "If that is right, there is nothing to do",
  });
}

async function read(host: Host, file: string, folder: string): Promise<string> {
  if (file === STDIN) return await textOf(host.stdin.bytes);
  using opened = await Deno.open(resolve(folder, file));
  return await textOf(opened.readable);
}

async function textOf(stream: ReadableStream<Uint8Array>): Promise<string> {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let length = 0;
  for await (const chunk of stream) {
    length += chunk.length;
    if (length > MOST_BYTES) throw new Error(`it is larger than ${MOST_BYTES} bytes`);
    chunks.push(chunk.slice());
  }
  const text = utf8Text(new Uint8Array(await new Blob(chunks).arrayBuffer()));
  return text.replace(/^\ufeff/, "");
}
