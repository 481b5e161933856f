import { printNote } from "./output.ts";

/** A small disk in memory that can be filled while a function runs. */
export interface SmallDisk extends AsyncDisposable {
  readonly path: string;
  /** @param room How many bytes are free. */
  filled<T>(work: () => Promise<T>, room?: number): Promise<T>;
}

/**
 * @param mebibytes Its size.
 * @returns undefined, with a note, if we may not mount one.
 */
export async function smallDisk(mebibytes: number): Promise<SmallDisk | undefined> {
  const path = await Deno.makeTempDir({ prefix: "azu-disk-" });
  const run = async (command: string, ...args: string[]) =>
    await new Deno.Command(command, { args, stderr: "null" }).output()
      .then(({ success }) => success, () => false);
  if (await run("mount", "-t", "tmpfs", "-o", `size=${mebibytes}m`, "tmpfs", path)) {
    const ballast = `${path}/ballast`;
    return {
      path,
      async filled(work, room = 0) {
        await Deno.writeFile(ballast, new Uint8Array((mebibytes + 1) << 20)).catch(() => {});
        if (room > 0) await Deno.truncate(ballast, (await Deno.stat(ballast)).size - room);
        try {
          return await work();
        } finally {
          await Deno.remove(ballast);
        }
      },
      async [Symbol.asyncDispose]() {
        await run("umount", path);
        await Deno.remove(path);
      },
    };
  }
  await Deno.remove(path);
  printNote("Not tested: a full disk, as no tmpfs may be mounted here");
  return undefined;
}
