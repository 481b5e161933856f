// dotenv is imported here and nowhere else: this module is loaded only where there is a .env.
import { parse } from "dotenv";

/** The variables of a .env file. Pure: nothing is put into the environment. */
export function parseDotenv(source: string): ReadonlyMap<string, string> {
  return new Map(Object.entries(parse(source)));
}
