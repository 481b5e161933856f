/** azu's own licence: the MIT licence, in the file LICENSE. */

export interface License {
  /** Whose copyright it is, with the year: `2026 the azu authors`. */
  readonly copyright: string;
  /** The terms, which are the same for everything under the MIT licence. */
  readonly terms: string;
}

/** @throws {Error} if the text is not laid out as the MIT licence is. */
export function readLicense(text: string): License {
  const [, copyright, terms] =
    /^MIT License\n\nCopyright \(c\) (.+)\n\n(Permission is hereby granted[^]+)$/.exec(text) ?? [];
  if (copyright === undefined || terms === undefined) {
    throw new Error("LICENSE is not the MIT licence");
  }
  return { copyright, terms: terms.trim() };
}
