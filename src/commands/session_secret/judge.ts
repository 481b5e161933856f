/** Judges the secret of an app. What is said of it does not tell what it is. */
import { PREVIOUS_SECRETS, previousSecrets, SECRET } from "../../core/secrets.ts";
import { isPlaceholder, isPublished } from "./known.ts";
import { estimatedBits } from "./strength.ts";

/** The generated app refuses to start with less. */
export const LEAST_BYTES = 32;

/** Less can be guessed by somebody who has a sealed session. A new secret has 256. */
export const LEAST_BITS = 112;

/** Why a secret is weak, for `--json`. */
export type Weakness = "short" | "guessable" | "published" | "placeholder" | "not-rotated";

export interface Judgement {
  readonly bytes: number;
  /** An estimate. */
  readonly bits: number;
  readonly weaknesses: readonly { readonly code: Weakness; readonly text: string }[];
}

/** @param previous The value of SESSION_SECRET_PREVIOUS. */
export function judge(secret: string, previous: string | undefined): Judgement {
  const bytes = new TextEncoder().encode(secret).length;
  const bits = estimatedBits(secret);
  const found: [Weakness, boolean, string][] = [
    [
      "short",
      bytes < LEAST_BYTES,
      `It has ${bytes} bytes; the app does not start with fewer than ${LEAST_BYTES}`,
    ],
    [
      "published",
      isPublished(secret),
      "It is a default or an example from documentation, which everybody can know",
    ],
    ["placeholder", isPlaceholder(secret), "It contains words that stand where a secret should be"],
    [
      "guessable",
      bits < LEAST_BITS,
      `Its entropy is about ${bits} bits; at least ${LEAST_BITS} are needed`,
    ],
    [
      "not-rotated",
      previousSecrets(previous).includes(secret.trim()),
      `It is in ${PREVIOUS_SECRETS}, too, so ${SECRET} has not been changed`,
    ],
  ];
  const weaknesses = found.filter(([, applies]) => applies).map(([code, , text]) => {
    return { code, text };
  });
  return { bytes, bits, weaknesses };
}
