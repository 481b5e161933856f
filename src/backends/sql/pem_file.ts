import { UsageError } from "../../core/errors.ts";
import { readPemFile } from "../pem_file.ts";

/** Reads the certificate or key that a parameter of the database's URL names. */
export async function pemFile(parameter: string, path: string): Promise<string> {
  try {
    return await readPemFile(path);
  } catch (cause) {
    throw new UsageError(`Cannot read the file that ${parameter} names in the database's URL`, {
      hint: `Check ${parameter}: it must be the path of a PEM file that you may read`,
      cause,
    });
  }
}
