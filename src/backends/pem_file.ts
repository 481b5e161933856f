/** Bytes. A bundle of all known authorities has about 200 KiB. */
const LARGEST = 4 << 20;

/**
 * Reads a file with certificates or a key.
 * @throws the system's error, or one that says what it is instead of a file.
 */
export async function readPemFile(path: string): Promise<string> {
  // A pipe or a device might never end.
  const { isFile, size } = await Deno.stat(path);
  if (!isFile) throw new Error("it is not a file");
  if (size > LARGEST) throw new Error("it is larger than 4 MiB");
  return await Deno.readTextFile(path);
}
