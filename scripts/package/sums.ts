/** SHA-256 hashes, in the format of `sha256sum`. */
import { join } from "node:path";

export async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}

/** Writes `SHA256SUMS` into a folder, with the hashes of these files of it. */
export async function writeSums(folder: string, names: readonly string[]): Promise<void> {
  const lines: string[] = [];
  for (const name of [...names].sort()) {
    lines.push(`${await sha256(await Deno.readFile(join(folder, name)))}  ${name}\n`);
  }
  await Deno.writeTextFile(join(folder, "SHA256SUMS"), lines.join(""));
}
