/** The slots of Redis Cluster, https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/ */
import { RespError } from "./resp/protocol.ts";

/** Slots of a cluster. */
export const SLOTS = 16_384;

/** An answer that says: the cluster is changing, ask again. */
export function saysMoved(error: unknown): boolean {
  return error instanceof RespError &&
    ["MOVED", "ASK", "TRYAGAIN", "CLUSTERDOWN"].includes(error.code);
}

/** The slot of a key: of what stands between the first `{` and the next `}`, where that is anything. */
export function slotOf(bytes: Uint8Array, start: number, end: number): number {
  const open = indexOf(bytes, 123, /* { */ start, end);
  const close = open < 0 ? -1 : indexOf(bytes, 125, /* } */ open + 1, end);
  const [from, to] = close > open + 1 ? [open + 1, close] : [start, end];
  let crc = 0;
  for (let at = from; at < to; at++) {
    crc = (crc << 8 ^ (CRC16[(crc >>> 8 ^ (bytes[at] ?? 0)) & 0xff] ?? 0)) & 0xffff;
  }
  return crc % SLOTS;
}

function indexOf(bytes: Uint8Array, byte: number, start: number, end: number): number {
  for (let at = start; at < end; at++) {
    if (bytes[at] === byte) return at;
  }
  return -1;
}

/** CRC-16/XMODEM, as the specification says: polynomial 0x1021, from 0. */
const CRC16 = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 8;
  for (let bit = 0; bit < 8; bit++) crc = (crc & 0x8000 ? crc << 1 ^ 0x1021 : crc << 1) & 0xffff;
  return crc;
});
