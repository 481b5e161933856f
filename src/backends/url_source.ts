import type { BackendContext } from "./contract.ts";

/** Says where the URL of a backend comes from, for messages. */
export function urlSource(
  configured: string | undefined,
  variable: string,
  { env, isInDotenv }: BackendContext,
): string {
  if (configured !== undefined) return "the config";
  if (isInDotenv(variable)) return `${variable} in .env`;
  return env(variable) === undefined ? "the default" : variable;
}
