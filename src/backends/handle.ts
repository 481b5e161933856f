import { createHash } from "node:crypto";

const ALPHABET = "abcdefghijklmnopqrstuvwxyz234567";

/** The characters of a handle: 60 bits in base32. */
export const HANDLE_LENGTH = 12;

/** The hexadecimal digits of 60 bits; five of them have the 20 bits of four characters. */
const DIGITS = 15;
const DIGITS_AT_ONCE = 5;

/**
 * The handle of a session: it names the session, and gives no access to it. The first 60 bits of
 * SHA-256("azu handle" ‖ 0 ‖ id), in the lower-case base32 alphabet of RFC 4648.
 * @param id The session id, without the key prefix; a text is taken as UTF-8.
 */
export function handleOf(id: Uint8Array | string): string {
  // As a text, because a buffer takes much longer to make (measured).
  const digest = createHash("sha256").update("azu handle\0").update(id).digest("hex");
  let handle = "";
  for (let digit = 0; digit < DIGITS; digit += DIGITS_AT_ONCE) {
    const bits = parseInt(digest.slice(digit, digit + DIGITS_AT_ONCE), 16);
    for (let shift = 15; shift >= 0; shift -= 5) handle += ALPHABET.charAt((bits >> shift) & 31);
  }
  return handle;
}

export function isHandle(text: string): boolean {
  return /^[a-z2-7]{12}$/.test(text);
}
