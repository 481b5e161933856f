/** Strips types from configs. The only file that imports sucrase. */
import { originalPositionFor, TraceMap } from "@jridgewell/trace-mapping";
import { transform } from "sucrase";
import { messageOf } from "../core/errors.ts";
import { type Place, SourceError } from "./compile.ts";

/** `function`: imports become `require` calls, and exports properties. `module`: both stay. */
export type Form = "function" | "module";

/**
 * Strips the types of a file. Every statement stays on its line.
 * @throws {SourceError}
 */
export function stripTypes(source: string, path: string, form: Form): string {
  return transformed(source, path, form).code;
}

/** The place in the file for a place in the stripped code. */
export function originalPlace(source: string, path: string, form: Form, place: Place): Place {
  const { sourceMap } = transformed(source, path, form);
  if (sourceMap === undefined) return place;
  const map = new TraceMap({ ...sourceMap, version: 3 });
  const found = originalPositionFor(map, { line: place.line, column: place.column - 1 });
  return found.line === null ? place : { line: found.line, column: found.column + 1 };
}

function transformed(source: string, path: string, form: Form) {
  try {
    return transform(source, {
      transforms: form === "function" ? ["typescript", "imports"] : ["typescript"],
      filePath: path,
      disableESTransforms: true,
      sourceMapOptions: { compiledFilename: path },
    });
  } catch (error) {
    const reason = messageOf(error)
      .replace(`Error transforming ${path}: `, "")
      .replace(/ \(\d+:\d+\)$/, "");
    throw new SourceError(path, reason, placeIn(error));
  }
}

/** The place in a parser's error; undefined for other errors, which are internal. */
function placeIn(error: unknown): Place | undefined {
  if (!(error instanceof Error) || !("loc" in error)) return undefined;
  const { loc } = error;
  if (typeof loc !== "object" || loc === null || !("line" in loc) || !("column" in loc)) {
    return undefined;
  }
  const { line, column } = loc;
  return typeof line === "number" && typeof column === "number" ? { line, column } : undefined;
}
