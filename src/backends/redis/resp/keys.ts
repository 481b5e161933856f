/** The two commands that a clear is made of. */
import { RespError } from "./protocol.ts";
import { encoded, encodedWithKeys } from "./command.ts";
import type { RespConnection } from "./connection.ts";
import { parseCounts, parseScan, type RawKeys, type ScanReply } from "./scan.ts";

/** One step of a scan. */
export async function scanKeys(
  connection: RespConnection,
  cursor: string,
  pattern: Uint8Array,
  count: number,
): Promise<ScanReply> {
  const command = [encoded(["SCAN", cursor, "MATCH", pattern, "COUNT", count])];
  const reply = await connection.send(command, parseScan);
  if (reply instanceof RespError) throw reply;
  return reply;
}

/** What became of groups of keys that were to be removed. */
export interface UnlinkAnswers {
  /** How many there were of each group, in their order, as far as answers came. */
  readonly answers: readonly (number | RespError)[];
  /** Why the others did not come. */
  readonly failure: unknown;
}

/** Removes keys, each group by a command of its own; does not reject. */
export async function unlinkKeys(
  connection: RespConnection,
  groups: readonly RawKeys[],
): Promise<UnlinkAnswers> {
  let answers: readonly (number | RespError)[] = [];
  try {
    await connection.send(encodedWithKeys("UNLINK", groups), (bytes, start) => {
      const parsed = parseCounts(bytes, start, groups);
      answers = parsed.value;
      return answers.length === groups.length ? parsed : undefined;
    });
    return { answers, failure: undefined };
  } catch (failure) {
    return { answers, failure };
  }
}
