/** TypeScript as a library, on the project's own sources. */
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
// Not used itself: puts the package, whose declarations are needed, into Deno's cache.
import "valibot";
import config from "../../deno.json" with { type: "json" };

export { ts };

/** A program of source files and what they import, checked as deno.json says. */
export function openProgram(paths: readonly string[]): ts.Program {
  const { options } = ts.convertCompilerOptionsFromJson(
    { ...config.compilerOptions, target: "esnext", module: "preserve", noEmit: true, types: [] },
    ".",
  );
  options.allowImportingTsExtensions = true;
  const host = ts.createCompilerHost(options);
  host.resolveModuleNameLiterals = (literals, importer) =>
    literals.map(({ text }) => ({ resolvedModule: resolved(text, importer) }));
  return ts.createProgram(paths, options, host);
}

/** Relative files and valibot; other packages are unknown, for no type of the config is theirs. */
function resolved(specifier: string, importer: string): ts.ResolvedModuleFull | undefined {
  if (specifier === "valibot") {
    return { resolvedFileName: valibotDeclarations(), extension: ts.Extension.Dmts };
  }
  if (!specifier.startsWith(".") || !specifier.endsWith(".ts")) return undefined;
  return { resolvedFileName: join(dirname(importer), specifier), extension: ts.Extension.Ts };
}

/** The declarations lie beside the module: import.meta.resolve tells where, once it is imported. */
function valibotDeclarations(): string {
  const path = fileURLToPath(import.meta.resolve("valibot")).replace(/\.m?js$/, ".d.mts");
  if (!existsSync(path)) throw new Error(`Cannot find the declarations of valibot: no ${path}`);
  return path;
}
