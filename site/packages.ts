import { join } from "node:path";

/** What the code that VitePress generates from a page imports. */
const IMPORTS = ["vue", "vue/server-renderer"];

interface Resolver {
  resolve(source: string, importer: string, options: object): Promise<{ id: string } | null>;
}

/**
 * A plugin for Vite. The pages in docs/ become code that imports packages, but the packages are
 * installed in site/: this looks for them there.
 */
export function packagesOfSite() {
  const importer = join(import.meta.dirname ?? "", "packages.ts");
  return {
    name: "packages-of-site",
    enforce: "pre" as const,
    // The server of `docs:dev` would look for these beside the pages. It finds them when it needs them.
    configResolved(config: { optimizeDeps: { include?: string[] } }): void {
      config.optimizeDeps.include = [];
    },
    resolveId(this: Resolver, source: string, from: string | undefined, options: object) {
      if (!IMPORTS.includes(source) || from === importer) return undefined;
      return this.resolve(source, importer, { ...options, skipSelf: true });
    },
  };
}
