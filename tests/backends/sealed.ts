/** Payloads as the session shard seals them. */
import { Buffer } from "node:buffer";
import { createCipheriv, createHmac, pbkdf2Sync, randomBytes } from "node:crypto";
import { gzipSync } from "node:zlib";

export const SECRET = "0123456789abcdef0123456789abcdef01";
export const FORMS = [{}, { derived: true }, { zip: true }, { derived: true, zip: true }];

interface Form {
  /** With `use_kdf`. */
  readonly derived?: boolean;
  readonly zip?: boolean;
  readonly digest?: "sha256" | "sha1";
}

/** As the shard's `Message::Encryptor` does it. */
export function sealed(
  text: string,
  { derived = false, zip = false, digest = "sha256" }: Form,
  secret = SECRET,
): string {
  const key = derived ? derivedKey(secret) : Buffer.from(secret).subarray(0, 32);
  const vector = randomBytes(16);
  const cipher = createCipheriv("aes-256-cbc", key, vector);
  const plain = zip ? gzipSync(text) : Buffer.from(text);
  const base64 = (bytes: Buffer) => {
    return bytes.toString("base64").replaceAll("+", "-").replaceAll("/", "_");
  };
  const data = base64(Buffer.concat([cipher.update(plain), cipher.final(), vector]));
  const signature = base64(createHmac(digest, secret).update(data).digest());
  return base64(Buffer.from(JSON.stringify([data, signature])));
}

const derivedKeys = new Map<string, Buffer>();

/** It takes a tenth of a second to derive one. */
function derivedKey(secret: string): Buffer {
  const key = derivedKeys.get(secret) ??
    pbkdf2Sync(secret, "session_kdf_salt", 100_000, 32, "sha256");
  derivedKeys.set(secret, key);
  return key;
}
