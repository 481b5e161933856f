/** Commands as the protocol writes them. */
import type { RawKeys } from "./resp_scan.ts";

export type Argument = string | number | Uint8Array;

const encoder = new TextEncoder();

export function encoded(command: readonly Argument[]): Uint8Array {
  const parts = command.map((part) =>
    part instanceof Uint8Array ? part : encoder.encode(`${part}`)
  );
  const chunks = parts.flatMap((part) => [encoder.encode(`$${part.length}\r\n`), part, LINE_END]);
  chunks.unshift(encoder.encode(`*${parts.length}\r\n`));
  const bytes = new Uint8Array(chunks.reduce((total, { length }) => total + length, 0));
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

const LINE_END = encoder.encode("\r\n");

/** A command on keys as a server has sent them: they go back as they came. */
export function encodedWithKeys(name: string, { bytes, count }: RawKeys): Uint8Array {
  const start = encoder.encode(`*${count + 1}\r\n$${name.length}\r\n${name}\r\n`);
  const command = new Uint8Array(start.length + bytes.length);
  command.set(start);
  command.set(bytes, start.length);
  return command;
}
