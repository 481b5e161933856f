/** Whether the .gitignore of the app's folder ignores a file. The only file that imports ignore. */
import ignore from "ignore";
import { newlineOf } from "../core/text.ts";

export const GITIGNORE = ".gitignore";

/** What a .gitignore says about a file: nothing, or what its last matching line says. */
export type Ignored = "not mentioned" | "ignored" | "included";

/** @param name A file in the folder of the .gitignore. */
export function ignores(source: string, name: string): Ignored {
  const { ignored, unignored } = ignore().add(source.replace(/^\ufeff/, "")).test(name);
  if (unignored) return "included";
  return ignored ? "ignored" : "not mentioned";
}

/** The .gitignore with a line for the file appended. */
export function addIgnored(source: string, name: string): string {
  const newline = newlineOf(source);
  const end = source === "" || source.endsWith("\n") ? "" : newline;
  return `${source}${end}${name}${newline}`;
}
