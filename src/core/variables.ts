/**
 * The environment variables that libraries and the code of a config may read. A `*` at the end
 * stands for any ending. azu itself also reads those that a config names with `fromEnv`.
 */
export const readableVariables = [
  "AZU_*",
  "SESSION_*",
  "REDIS_URL",
  "DATABASE_URL",
  "CRYSTAL_ENV",
  "NO_COLOR",
  "TERM",
] as const;

export function isReadable(name: string): boolean {
  return readableVariables.some((readable) =>
    readable.endsWith("*") ? name.startsWith(readable.slice(0, -1)) : name === readable
  );
}
