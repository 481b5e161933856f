import { join } from "node:path";
import { tempDir } from "../support/temp.ts";

/** The path that the site is built for. */
const BASE = "/azu-sessions";
const ROOT = join(import.meta.dirname ?? "", "../..");
const BUILD_TIMEOUT_MS = 180_000;
const TYPES: Readonly<Record<string, string>> = {
  css: "text/css",
  html: "text/html",
  js: "text/javascript",
  svg: "image/svg+xml",
};

/** The documentation site on a server of this machine. Dispose of it to remove both. */
export interface BuiltSite extends AsyncDisposable {
  /** The address of the home page, which ends with a slash. */
  readonly home: string;
  /** The addresses of all pages, relative to that: `` is the home page, `tutorial` another one. */
  readonly pages: readonly string[];
}

/** Builds the site as `./denow task docs` does, and serves it as GitHub Pages does. */
export async function builtSite(): Promise<BuiltSite> {
  await using stack = new AsyncDisposableStack();
  const { path } = stack.use(await tempDir("azu-site-"));
  await build(path);
  const server = stack.use(
    Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
      return answer(path, new URL(request.url).pathname);
    }),
  );
  const files = Array.from(walk(path)).filter((name) => name.endsWith(".html"));
  const pages = files.map((name) => name.replace(/(?:(^|\/)index)?\.html$/, "$1"));
  const kept = stack.move();
  return {
    home: `http://127.0.0.1:${server.addr.port}${BASE}/`,
    pages: pages.filter((page) => page !== "404").sort(),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

async function build(folder: string): Promise<void> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["task", "--quiet", "docs", "--outDir", folder],
    cwd: ROOT,
    env: { DOCS_BASE: `${BASE}/` },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    signal: AbortSignal.timeout(BUILD_TIMEOUT_MS),
  }).output();
  if (success) return;
  const text = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes)).join("");
  throw new Error(`Cannot build the site: ${text}`);
}

/** The file at an address: itself, a page, or the index of a folder. */
async function answer(folder: string, address: string): Promise<Response> {
  const path = decodeURIComponent(address.slice(BASE.length));
  const names = address.startsWith(`${BASE}/`) ? [path, `${path}.html`, `${path}index.html`] : [];
  for (const name of names) {
    const content = await readFile(join(folder, name));
    if (content === undefined) continue;
    const type = TYPES[name.split(".").at(-1) ?? ""] ?? "application/octet-stream";
    return new Response(content, { headers: { "content-type": type } });
  }
  const content = await readFile(join(folder, "404.html"));
  return new Response(content ?? null, { status: 404, headers: { "content-type": "text/html" } });
}

async function readFile(path: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
  try {
    return (await Deno.stat(path)).isFile ? await Deno.readFile(path) : undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) {
      return undefined;
    }
    throw error;
  }
}

function* walk(folder: string, prefix = ""): Generator<string> {
  for (const entry of Deno.readDirSync(folder)) {
    const name = `${prefix}${entry.name}`;
    if (entry.isDirectory) yield* walk(join(folder, entry.name), `${name}/`);
    else yield name;
  }
}
