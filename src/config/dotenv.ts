/** Parses .env files. The only file that imports dotenv. */
import { parse } from "dotenv";

/** The variables of a .env file. Does not change the environment. */
export function parseDotenv(source: string): ReadonlyMap<string, string> {
  return new Map(Object.entries(parse(source)));
}
