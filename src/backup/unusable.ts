/**
 * Why a file cannot be used as a backup. Its message continues a sentence that begins with the
 * path: `is truncated`.
 */
export class Unusable extends Error {
  override name = "Unusable";

  /** @param hint What to do, if it is not the usual: to use another copy of the backup. */
  constructor(message: string, readonly hint?: string) {
    super(message);
  }
}

export function truncated(): Unusable {
  return new Unusable("is truncated: its end is missing");
}

export function altered(): Unusable {
  return new Unusable("was altered or damaged");
}
