/**
 * The environment variables that azu may read. A `*` at the end stands for any ending. A test
 * compares them with the program's permissions (`--allow-env` in deno.json).
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
