/** Commands as the protocol writes them. */
import type { RawKeys } from "./scan.ts";

export type Argument = string | number | Uint8Array;

const encoder = new TextEncoder();

export function encoded(command: readonly Argument[]): Uint8Array {
  const parts = command.map((part) =>
    part instanceof Uint8Array ? part : encoder.encode(`${part}`)
  );
  const chunks = parts.flatMap((part) => [encoder.encode(`$${part.length}\r\n`), part, LINE_END]);
  chunks.unshift(encoder.encode(`*${parts.length}\r\n`));
  return joined(chunks);
}

/** The parts in one piece; one that is alone is not copied. */
export function joined(parts: readonly Uint8Array[]): Uint8Array {
  const [first] = parts;
  if (first !== undefined && parts.length === 1) return first;
  const whole = new Uint8Array(parts.reduce((total, { length }) => total + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

const LINE_END = encoder.encode("\r\n");

/** A command for each group of keys, in pieces: the keys go back to the server as they came. */
export function encodedWithKeys(name: string, groups: readonly RawKeys[]): Uint8Array[] {
  const starts = new Map<number, Uint8Array>();
  return groups.flatMap(({ bytes, count }) => {
    const start = starts.get(count) ??
      encoder.encode(`*${count + 1}\r\n$${name.length}\r\n${name}\r\n`);
    starts.set(count, start);
    return [start, bytes];
  });
}
