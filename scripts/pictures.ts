/**
 * Writes the pictures of the terminal in docs/public, from what `azu` really prints: `./denow task
 * pictures`. It needs `script` of util-linux. A test compares the files with new pictures.
 */
import { drawPictures, PICTURES } from "./pictures/draw.ts";

await Deno.mkdir(PICTURES, { recursive: true });
for (const { path, svg } of await drawPictures()) await Deno.writeTextFile(path, svg);
