/**
 * The environment variables that azu may read; a name that ends in `*` stands for all that begin
 * so. The permissions of the program (`--allow-env` in deno.json) are these, and a test says so.
 */
export const readableVariables = [
  "AZU_*",
  "SESSION_*",
  "REDIS_URL",
  "DATABASE_URL",
  "NO_COLOR",
  "TERM",
] as const;

export function isReadable(name: string): boolean {
  return readableVariables.some((readable) =>
    readable.endsWith("*") ? name.startsWith(readable.slice(0, -1)) : name === readable
  );
}
