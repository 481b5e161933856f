/** Opens and seals payloads as the session shard's `Message::Encryptor` does. */
import { Buffer } from "node:buffer";
import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  pbkdf2Sync,
  randomBytes,
  timingSafeEqual,
} from "node:crypto";

/** A payload that the shard has sealed: what is encrypted, and its signature, both as base64. */
export interface Sealed {
  readonly data: string;
  readonly signature: string;
}

/** The settings of the app with which something is sealed. */
export interface SealForm {
  /** What it is signed with. */
  readonly digest: "sha256" | "sha1";
  /** Whether the key is derived from the secret (`use_kdf`). */
  readonly isDerived: boolean;
}

/** What was sealed, if the form is right. */
export interface Opened {
  readonly bytes: Uint8Array;
  readonly form: SealForm;
}

const BASE64 = /^[A-Za-z0-9+/_-]+={0,2}$/;

/** The shard writes `base64(["<data>","<signature>"])`, and reads `<data>--<signature>` too. */
export function sealedIn(payload: Uint8Array): Sealed | undefined {
  const text = Buffer.from(payload).toString("latin1");
  const [data = "", signature = ""] = pairIn(text) ?? text.split("--", 2);
  return BASE64.test(data) && BASE64.test(signature) ? { data, signature } : undefined;
}

function pairIn(text: string): readonly string[] | undefined {
  if (!BASE64.test(text)) return undefined;
  try {
    const pair: unknown = JSON.parse(Buffer.from(text, "base64url").toString("latin1"));
    const isPair = Array.isArray(pair) && pair.every((part) => typeof part === "string");
    return isPair ? pair : undefined;
  } catch {
    return undefined;
  }
}

/** AES-256-CBC: bytes of the key, and of the initialization vector behind the data. */
const CIPHER = "aes-256-cbc";
const KEY = 32;
const VECTOR = 16;

/** The defaults of the shard, if the app uses a derived key. */
const SALT = "session_kdf_salt";
const ITERATIONS = 100_000;

/** A secret of the app. */
export class SealingSecret {
  readonly #secret: Buffer;
  #derived: Buffer | undefined;

  constructor(secret: string) {
    this.#secret = Buffer.from(secret);
  }

  /** What the payload may be; nothing if another secret has signed it. */
  *open({ data, signature }: Sealed): Generator<Opened> {
    const signed = Buffer.from(signature, "base64url");
    const digest = (["sha256", "sha1"] as const).find((digest) => {
      const expected = this.#sign(data, digest);
      return expected.length === signed.length && timingSafeEqual(expected, signed);
    });
    if (digest === undefined) return;
    const sealed = Buffer.from(data, "base64url");
    for (const isDerived of [false, true]) {
      const key = this.#key(isDerived);
      const bytes = key === undefined ? undefined : decrypted(sealed, key);
      if (bytes !== undefined) yield { bytes, form: { digest, isDerived } };
    }
  }

  /** @throws {RangeError} if the secret is too short for a key that is not derived. */
  seal(bytes: Uint8Array, { digest, isDerived }: SealForm): Uint8Array {
    const key = this.#key(isDerived);
    if (key === undefined) throw new RangeError(`a key has ${KEY} bytes`);
    const vector = randomBytes(VECTOR);
    const cipher = createCipheriv(CIPHER, key, vector);
    const data = base64(Buffer.concat([cipher.update(bytes), cipher.final(), vector]));
    const pair = JSON.stringify([data, base64(this.#sign(data, digest))]);
    return Buffer.from(base64(Buffer.from(pair)));
  }

  #sign(data: string, digest: SealForm["digest"]): Buffer {
    return createHmac(digest, this.#secret).update(data).digest();
  }

  #key(isDerived: boolean): Buffer | undefined {
    if (!isDerived) {
      return this.#secret.length >= KEY ? this.#secret.subarray(0, KEY) : undefined;
    }
    return this.#derived ??= pbkdf2Sync(this.#secret, SALT, ITERATIONS, KEY, "sha256");
  }
}

/** @returns undefined if it was encrypted with another key. */
function decrypted(sealed: Buffer, key: Buffer): Uint8Array | undefined {
  if (sealed.length < 2 * VECTOR) return undefined;
  try {
    const decipher = createDecipheriv(CIPHER, key, sealed.subarray(-VECTOR));
    return Buffer.concat([decipher.update(sealed.subarray(0, -VECTOR)), decipher.final()]);
  } catch {
    return undefined;
  }
}

/** For URLs and padded, as Crystal writes it. */
function base64(bytes: Buffer): string {
  return bytes.toString("base64").replaceAll("+", "-").replaceAll("/", "_");
}
