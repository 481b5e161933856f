import { join } from "node:path";
import { type TempDir, tempDir } from "../temp.ts";

/** A shell script to run in the tool's place, in a folder of its own. */
export interface StandIn extends TempDir {
  /** The script's path: the option of the same name of `runAzu` and the others. */
  readonly subject: string;
}

/** Makes an executable of a shell script. */
export async function standIn(script: string): Promise<StandIn> {
  const folder = await tempDir("azu-stand-in-");
  const subject = join(folder.path, "azu");
  await Deno.writeTextFile(subject, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return { ...folder, subject };
}
