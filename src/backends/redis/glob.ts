/** The Redis glob that matches exactly the keys which start with a literal prefix. */
export function prefixPattern(prefix: string): string {
  return `${prefix.replace(/[\\*?[\]]/g, (character) => `\\${character}`)}*`;
}
