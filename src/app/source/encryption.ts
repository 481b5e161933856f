/** Whether the app's source makes the session shard encrypt what it stores. */
import { codeOf } from "../crystal/code.ts";
import { sourceFiles } from "./source_files.ts";

const SETTING = /\bencrypt_redis_data\s*=(?!=|\s*false\b)/;

/** @throws {OperationError} if a source file of the app cannot be read. */
export async function encryptsSessions(root: string): Promise<boolean> {
  for await (const { source } of sourceFiles(root)) {
    if (SETTING.test(source) && SETTING.test(codeOf(source) ?? "")) return true;
  }
  return false;
}
