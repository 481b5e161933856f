import { createHash } from "node:crypto";

const ALPHABET = "abcdefghijklmnopqrstuvwxyz234567";

/** The characters of a handle: 60 bits in base32. */
export const HANDLE_LENGTH = 12;

/**
 * The handle of a session: it names the session, and gives no access to it. The first 60 bits of
 * SHA-256("azu handle" ‖ 0 ‖ id), in the lower-case base32 alphabet of RFC 4648.
 * @param id The session id, without the key prefix; a text is taken as UTF-8.
 */
export function handleOf(id: Uint8Array | string): string {
  const digest = createHash("sha256").update("azu handle\0").update(id).digest();
  let bits = digest.readBigUInt64BE() >> 4n;
  let handle = "";
  for (let index = 0; index < HANDLE_LENGTH; index++) {
    handle = ALPHABET.charAt(Number(bits & 31n)) + handle;
    bits >>= 5n;
  }
  return handle;
}

export function isHandle(text: string): boolean {
  return /^[a-z2-7]{12}$/.test(text);
}
