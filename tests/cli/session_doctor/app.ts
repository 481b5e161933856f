/** A sound app, and what the doctor says of it after something was broken. */
import { strictEqual } from "node:assert/strict";
import { join } from "node:path";
import { runAzu } from "../../support/cli.ts";
import { tempDir, writeTree } from "../../support/temp.ts";

export const SECRET = crypto.getRandomValues(new Uint8Array(32)).toHex();

const CONFIG = `import { defineConfig } from "azu";

export default defineConfig({
  app: "shop",
  session: { backend: "database", ttl: "2h", cookie: { name: "shop_session", sameSite: "lax" } },
});
`;

const MAIN = `require "azu"
require "./initializers/**"

module Shop
  include Azu

  def self.handlers
    [
      Azu::Handler::Rescuer.new,
      Shop::SessionHandler.new,
    ]
  end
end
`;

const SHARD = `name: shop
dependencies:
  azu:
    github: azutoolkit/azu
  session:
    github: azutoolkit/session
  cql:
    github: azutoolkit/cql
  sqlite3:
    github: crystal-lang/crystal-sqlite3
`;

const LOCK = `version: 2.0
shards:
  session:
    git: https://github.com/azutoolkit/session.git
    version: 1.0.31
  sqlite3:
    git: https://github.com/crystal-lang/crystal-sqlite3.git
    version: 0.21.0
`;

const ENV = `AZU_ENV=production
SESSION_SECRET=${SECRET}
DATABASE_URL=sqlite3://./shop.db
`;

/** The tests make repositories with git itself. */
const hasGit = await new Deno.Command("git", { args: ["--version"] }).output()
  .then(({ success }) => success, () => false);

export const needsGit = { ignore: !hasGit };

/** A finding in the document. */
export interface Found {
  readonly id: string;
  readonly status: string;
  readonly evidence: string;
  readonly fix: string | null;
}

export interface SoundApp extends AsyncDisposable {
  readonly path: string;
  /** Replaces the content of a file; undefined removes it. */
  write(name: string, content: string | undefined): Promise<void>;
  read(name: string): Promise<string>;
  azu(...args: string[]): ReturnType<typeof runAzu>;
  git(...args: string[]): Promise<void>;
  /** The findings by their ids, and the exit code. */
  findings(...args: string[]): Promise<ReadonlyMap<string, Found> & { readonly code: number }>;
}

/** An app of which every check that applies is ok. Its sessions are in SQLite. */
export async function soundApp(env: Readonly<Record<string, string>> = {}): Promise<SoundApp> {
  const folder = await tempDir("azu-doctor-");
  const files = {
    "azu.config.ts": CONFIG,
    "src/shop.cr": MAIN,
    "shard.yml": SHARD,
    "shard.lock": LOCK,
    ".gitignore": ".env\n*.db\n",
    ".env": ENV,
  };
  await writeTree(folder.path, files);
  await Deno.chmod(join(folder.path, ".env"), 0o600);
  const azu = (...args: string[]) => runAzu(args, { cwd: folder.path, env });
  const git = async (...args: string[]) => {
    const command = new Deno.Command("git", { args, cwd: folder.path });
    strictEqual((await command.output()).success, true);
  };
  await git("init", "--quiet");
  const { code, stderr } = await azu("session:setup", "--apply", "--yes");
  strictEqual(code, 0, stderr);
  return {
    path: folder.path,
    azu,
    git,
    async write(name, content) {
      const path = join(folder.path, name);
      if (content === undefined) await Deno.remove(path);
      else await Deno.writeTextFile(path, content);
    },
    read: (name) => Deno.readTextFile(join(folder.path, name)),
    async findings(...args) {
      const { code, stdout } = await azu("session:doctor", "--json", ...args);
      const document: { findings: Found[] } = JSON.parse(stdout);
      const byId = new Map(document.findings.map((finding) => [finding.id, finding]));
      return Object.assign(byId, { code });
    },
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}
