import { join } from "node:path";
import { INITIALIZER } from "./app.ts";
import { requiresOf } from "./initializer.ts";
import type { SourceFile } from "./main_file.ts";

/** The initializer without its ending, as a require names it. */
const TARGET = INITIALIZER.replace(/\.cr$/, "");

/** Whether a file of the app requires the session initializer, by name or by glob. */
export function requiresInitializer({ path, source }: SourceFile): boolean {
  if (!source.includes("require")) return false;
  const folder = join(path, "..");
  return requiresOf(source).some((required) => names(folder, required));
}

/** Whether a relative require in a file of the folder means the initializer. */
function names(folder: string, required: string): boolean {
  if (!/^\.\.?\//.test(required)) return false;
  const path = join(folder, required).replaceAll("\\", "/");
  if (path.endsWith("/**")) return TARGET.startsWith(path.slice(0, -2));
  if (path.endsWith("/*")) return TARGET.replace(/[^/]*$/, "*") === path;
  return path === TARGET || path === INITIALIZER;
}
