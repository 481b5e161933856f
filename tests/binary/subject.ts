import { resolve } from "node:path";

/** The path of the executable under test. */
export function executable(): string {
  const path = Deno.env.get("AZU_SUBJECT");
  if (!path) throw new Error("AZU_SUBJECT is not set; tests/run.ts sets it");
  return resolve(path);
}
