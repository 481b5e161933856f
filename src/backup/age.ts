/**
 * Encryption with a passphrase, in the format of age: https://age-encryption.org/v1. The header
 * holds the key of the file, encrypted with a key that scrypt derives from the passphrase. The
 * payload is a sequence of chunks, each encrypted and authenticated with ChaCha20-Poly1305.
 *
 * The library `age-encryption` also has the other kinds of recipients, which make it ten times as
 * large; it derives keys without letting the event loop run, and reads a header of any size.
 */
import { chacha20poly1305 } from "@noble/ciphers/chacha.js";
import { Buffer } from "node:buffer";
import { createHmac, hkdfSync, randomBytes, scrypt, timingSafeEqual } from "node:crypto";
import { CHUNK, type Sink } from "./sink.ts";
import { altered, truncated, Unusable } from "./unusable.ts";

/** How an encrypted file begins. */
export const AGE = "age-encryption.org/v1\n";

/**
 * The base-2 logarithm of scrypt's cost for new files: 64 MiB of memory. The program `age` uses 18,
 * which is 256 MiB; azu should also run in a small container.
 */
const WORK_FACTOR = 16;

/** The largest that azu accepts: a file must not make it take any amount of memory. */
const MOST_WORK = 18;

/** Bytes that scrypt may use: twice what it needs for that. */
const MOST_MEMORY = 512 * 1024 * 1024;

const KEY = 32;
const FILE_KEY = 16;
const SALT = 16;
const NONCE = 16;
/** Bytes that authenticate what is encrypted. */
const TAG = 16;
/** A counter of 11 bytes, and one that marks the last chunk. */
const CHUNK_NONCE = 12;

/** A header with a passphrase has one stanza, so that it has one form. */
const HEADER =
  /^(age-encryption\.org\/v1\n-> scrypt ([A-Za-z0-9+/]{22}) ([1-9]\d?)\n([A-Za-z0-9+/]{43})\n---) ([A-Za-z0-9+/]{43})\n/;

/** Bytes that are enough to read a header. A whole file has more. */
export const LONGEST_HEADER = 256;

/** An encrypted file, as its header states it. */
export interface AgeHeader {
  /** Where the payload begins. */
  readonly size: number;
  readonly authenticated: string;
  readonly mac: Buffer;
  readonly salt: Buffer;
  readonly workFactor: number;
  readonly sealedKey: Buffer;
}

/** @throws {Unusable} if it is not the header of a file that azu can open with a passphrase. */
export function parseHeader(start: Uint8Array): AgeHeader {
  const found = HEADER.exec(Buffer.from(start).toString("latin1"));
  if (found === null) {
    if (start.length < LONGEST_HEADER) throw truncated();
    throw new Unusable(
      "is encrypted, but not with a passphrase; or its beginning was altered",
      "If it was encrypted to a key, decrypt it with age, and encrypt it again with age --passphrase",
    );
  }
  const [text, authenticated = "", salt = "", workFactor = "", sealedKey = "", mac = ""] = found;
  if (Number(workFactor) > MOST_WORK) {
    throw new Unusable(
      `asks for more memory than azu uses (its scrypt work factor is ${workFactor}; azu accepts ${MOST_WORK})`,
      "If you trust the file, decrypt it with age, and encrypt it again with age --passphrase",
    );
  }
  return {
    size: text.length,
    authenticated,
    mac: fromBase64(mac),
    salt: fromBase64(salt),
    workFactor: Number(workFactor),
    sealedKey: fromBase64(sealedKey),
  };
}

/** @throws {Unusable} if the passphrase is wrong, or the header was altered. */
export async function fileKeyIn(header: AgeHeader, passphrase: string): Promise<Uint8Array> {
  const key = await deriveKey(passphrase, header.salt, header.workFactor);
  const fileKey = open(key, new Uint8Array(CHUNK_NONCE), header.sealedKey);
  if (fileKey === undefined) {
    throw new Unusable(
      "does not open with this passphrase",
      "Give the passphrase with which it was written. If you have, the beginning of the file was altered",
    );
  }
  checkKey(header, fileKey);
  return fileKey;
}

/** @throws {Unusable} if the header is not the one that was written with this key. */
export function checkKey(header: AgeHeader, fileKey: Uint8Array): void {
  if (!timingSafeEqual(macOf(fileKey, header.authenticated), header.mac)) throw altered();
}

/** Encrypts what is written to it. */
export interface Encryption extends Sink {
  /** What opens the file without the passphrase, to read it again. */
  readonly fileKey: Uint8Array;
}

/**
 * Encrypts what is written, and writes it to the target.
 * @param workFactor A lower one makes a file that tests open quickly.
 */
export async function encryptTo(
  target: Sink,
  passphrase: string,
  workFactor = WORK_FACTOR,
): Promise<Encryption> {
  const fileKey = randomBytes(FILE_KEY);
  const salt = randomBytes(SALT);
  const key = await deriveKey(passphrase, salt, workFactor);
  const sealedKey = seal(key, new Uint8Array(CHUNK_NONCE), fileKey);
  const stanza = `-> scrypt ${base64(salt)} ${workFactor}\n${base64(sealedKey)}\n`;
  const header = `${AGE}${stanza}---`;
  await target.write(Buffer.from(`${header} ${base64(macOf(fileKey, header))}\n`));
  const nonce = randomBytes(NONCE);
  await target.write(nonce);
  const payloadKey = payloadKeyOf(fileKey, nonce);

  const chunk = new Uint8Array(CHUNK);
  let used = 0;
  let index = 0;
  // The last chunk is marked, so a full one is kept until it is known whether more follows.
  const flush = async (isLast: boolean) => {
    await target.write(seal(payloadKey, chunkNonce(index, isLast), chunk.subarray(0, used)));
    index++;
    used = 0;
  };
  return {
    fileKey,
    async write(bytes) {
      for (let rest = bytes; rest.length > 0;) {
        if (used === CHUNK) await flush(false);
        const part = rest.subarray(0, CHUNK - used);
        chunk.set(part, used);
        used += part.length;
        rest = rest.subarray(part.length);
      }
    },
    async close() {
      await flush(true);
      await target.close();
    },
  };
}

/** A part of a file, read at once. */
export type ReadPart = (at: number, length: number) => Promise<Uint8Array>;

/**
 * Decrypts the payload. Each chunk is authenticated before it is given out.
 * @param start Where the payload begins.
 * @param end The size of the file.
 * @throws {Unusable} if it was altered or is truncated.
 */
export async function* decrypt(
  read: ReadPart,
  start: number,
  end: number,
  fileKey: Uint8Array,
): AsyncGenerator<Uint8Array> {
  let at = start + NONCE;
  if (end < at + TAG) throw truncated();
  const key = payloadKeyOf(fileKey, await read(start, NONCE));
  for (let index = 0; at < end; index++) {
    const sealed = await read(at, Math.min(CHUNK + TAG, end - at));
    at += sealed.length;
    const chunk = open(key, chunkNonce(index, at === end), sealed);
    if (chunk === undefined) {
      if (at < end) throw altered();
      const isInner = open(key, chunkNonce(index, false), sealed) !== undefined;
      throw isInner ? truncated() : new Unusable("is truncated, or was altered near its end");
    }
    if (chunk.length === 0 && index > 0) throw altered(); // age writes none such
    yield chunk;
  }
}

function chunkNonce(index: number, isLast: boolean): Uint8Array {
  const nonce = new Uint8Array(CHUNK_NONCE);
  new DataView(nonce.buffer).setBigUint64(3, BigInt(index));
  nonce[CHUNK_NONCE - 1] = isLast ? 1 : 0;
  return nonce;
}

function seal(key: Uint8Array, nonce: Uint8Array, plain: Uint8Array): Uint8Array {
  return chacha20poly1305(key, nonce).encrypt(plain);
}

/** @returns undefined if it was not sealed with this key and nonce. */
function open(key: Uint8Array, nonce: Uint8Array, sealed: Uint8Array): Uint8Array | undefined {
  if (sealed.length < TAG) return undefined;
  try {
    return chacha20poly1305(key, nonce).decrypt(sealed);
  } catch {
    return undefined; // the library throws for a wrong tag only, as the sizes are right
  }
}

function deriveKey(passphrase: string, salt: Uint8Array, workFactor: number): Promise<Uint8Array> {
  const labelled = Buffer.concat([Buffer.from("age-encryption.org/v1/scrypt"), salt]);
  const options = { N: 2 ** workFactor, r: 8, p: 1, maxmem: MOST_MEMORY };
  return new Promise((resolve, reject) => {
    scrypt(passphrase, labelled, KEY, options, (error, key) => {
      if (error) reject(error);
      else resolve(key);
    });
  });
}

function payloadKeyOf(fileKey: Uint8Array, nonce: Uint8Array): Uint8Array {
  return new Uint8Array(hkdfSync("sha256", fileKey, nonce, "payload", KEY));
}

function macOf(fileKey: Uint8Array, header: string): Buffer {
  const key = hkdfSync("sha256", fileKey, new Uint8Array(), "header", KEY);
  return createHmac("sha256", new Uint8Array(key)).update(header).digest();
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64").replace(/=+$/, "");
}

/** @throws {Unusable} if the unused bits of the last character are not zero. */
function fromBase64(text: string): Buffer {
  const bytes = Buffer.from(text, "base64");
  if (base64(bytes) !== text) throw altered();
  return bytes;
}
