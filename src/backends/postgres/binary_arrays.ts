/** Arrays as parameters of a statement, in PostgreSQL's binary form: it needs no quotes. */
import { Buffer } from "node:buffer";

/** The numbers of the types of the elements, which are the same in every server. */
const BYTEA = 17;
const TEXT = 25;
const FLOAT8 = 701;

export function binaryTexts(texts: readonly string[]): Buffer {
  return binaryArray(TEXT, texts.map((text) => Buffer.from(text)));
}

export function binaryBytes(values: readonly Uint8Array[]): Buffer {
  return binaryArray(BYTEA, values);
}

export function binaryNumbers(numbers: readonly number[]): Buffer {
  return binaryArray(
    FLOAT8,
    numbers.map((number) => {
      const bytes = Buffer.alloc(8);
      bytes.writeDoubleBE(number);
      return bytes;
    }),
  );
}

/** Words of 4 bytes before the elements, and before each of them. */
const WORD = 4;
const HEADER = 5;

/** One dimension, no NULL, the type, the length, and the index of the first; then the elements. */
function binaryArray(type: number, elements: readonly Uint8Array[]): Buffer {
  const length = elements.reduce((sum, { length }) => sum + WORD + length, WORD * HEADER);
  const bytes = Buffer.allocUnsafe(length);
  let at = 0;
  for (const word of [1, 0, type, elements.length, 1]) at = bytes.writeInt32BE(word, at);
  for (const element of elements) {
    at = bytes.writeInt32BE(element.length, at);
    bytes.set(element, at);
    at += element.length;
  }
  return bytes;
}
