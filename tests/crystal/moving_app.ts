/** The test app with every step of a move as an environment of one source, and its stores. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { type AzuResult, runAzu, spawnAzu } from "../support/cli.ts";
import { freshPostgres } from "../support/servers/database.ts";
import { startRedis } from "../support/servers/redis.ts";
import { tempDir } from "../support/temp.ts";
import { layOut, setUp } from "./app.ts";
import { compile, realShards, STAND_INS } from "./compiler.ts";
import { openRedis } from "./redis_client.ts";
import { type Node, startNodeIn } from "./running_app.ts";
import { COOKIE_NAME, KEY_PREFIX, TABLE } from "./variants.ts";

export type StoreName = "redis" | "cluster" | "postgres" | "sqlite";

/** From one store to another. */
export interface Move {
  readonly from: StoreName;
  readonly to: StoreName;
}

/** The moves that are tested. */
export const MOVES: readonly Move[] = [
  { from: "redis", to: "postgres" },
  { from: "postgres", to: "redis" },
  { from: "sqlite", to: "postgres" },
  { from: "cluster", to: "postgres" },
];

/** What they need. */
export const SERVICES = ["redis-server", "postgres"] as const;

/** The environments of a move, in the order of the recipe for a rolling deployment. */
export function stepsOf({ from, to }: Move) {
  return { before: from, between: `${from}_to_${to}`, moving: `${to}_from_${from}`, after: to };
}

const BACKENDS = `
      redis: { keyPrefix: "${KEY_PREFIX}", poolSize: 8, poolTimeout: "60s" },
      cluster: {
        type: "redis",
        keyPrefix: "${KEY_PREFIX}",
        poolSize: 8,
        poolTimeout: "60s",
        cluster: true,
        url: fromEnv("CLUSTER_URL"),
      },
      postgres: { type: "database", engine: "postgres", table: "${TABLE}", poolSize: 8, poolTimeout: "60s" },
      sqlite: {
        type: "database",
        engine: "sqlite",
        table: "${TABLE}",
        poolSize: 8,
        poolTimeout: "60s",
        url: fromEnv("SQLITE_URL"),
      },`;

/** The source of the app's azu.config.ts. */
function configOfMoves(moves: readonly Move[]): string {
  const environments: Record<string, string> = {};
  for (const move of moves) {
    const { from, to } = move;
    const { before, between, moving, after } = stepsOf(move);
    environments[before] = `backend: "${from}"`;
    environments[between] = `backend: "${from}", migrateTo: "${to}"`;
    environments[moving] = `backend: "${to}", migrateFrom: "${from}"`;
    environments[after] = `backend: "${to}"`;
  }
  const entries = Object.entries(environments)
    .map(([name, session]) => `    ${name}: { session: { ${session} } },\n`);
  return `import { defineConfig, fromEnv } from "azu";

export default defineConfig({
  app: "my_app",
  session: {
    ttl: "2h",
    cookie: { name: "${COOKIE_NAME}" },
    backends: {${BACKENDS}
    },
  },
  environments: {
${entries.join("")}  },
});
`;
}

/** The folder of the app of all moves, which is built once for all tests. */
async function builtApp(): Promise<string> {
  const apps = Deno.env.get("TEST_CRYSTAL_APPS");
  if (!apps) throw new Error("TEST_CRYSTAL_APPS is not set: run these by tests/crystal/run.ts");
  const folder = join(apps, "moves");
  const output = join(folder, "bin/my_app");
  if (existsSync(output)) return folder;
  await layOut(folder, configOfMoves(MOVES), ["pg", "sqlite3"]);
  await setUp(folder, undefined);
  const source = join(folder, "src/server.cr");
  const complaint = await compile({ source, shards: [STAND_INS, realShards()], output });
  if (complaint !== undefined) throw new Error(complaint);
  return folder;
}

/** The app of some moves, with empty stores. */
export class MovingApp implements AsyncDisposable {
  readonly #folder: string;
  readonly #env: Readonly<Record<string, string>>;
  readonly #idsIn: Readonly<Record<StoreName, () => Promise<string[]>>>;
  readonly #resources: AsyncDisposableStack;

  private constructor(
    folder: string,
    env: Readonly<Record<string, string>>,
    idsIn: Readonly<Record<StoreName, () => Promise<string[]>>>,
    resources: AsyncDisposableStack,
  ) {
    this.#folder = folder;
    this.#env = env;
    this.#idsIn = idsIn;
    this.#resources = resources;
  }

  static async start({ from, to }: Move): Promise<MovingApp> {
    const folder = await builtApp();
    await using starting = new AsyncDisposableStack();
    const redis = starting.use(await startRedis());
    const postgres = starting.use(await freshPostgres());
    const files = starting.use(await tempDir("azu-moves-"));
    const sqlite = join(files.path, "my_app.db");
    const keys = async () => {
      await using client = await openRedis(redis.port);
      return (await client.keys(`${KEY_PREFIX}*`)).map((key) => key.slice(KEY_PREFIX.length));
    };
    const env = {
      REDIS_URL: redis.url,
      CLUSTER_URL: redis.url,
      DATABASE_URL: postgres.url,
      SQLITE_URL: `sqlite3://${sqlite}`,
      AZU_LEDGERS: files.path,
    };
    const app = new MovingApp(folder, env, {
      redis: keys,
      cluster: keys,
      async postgres() {
        const rows = await postgres.query(`SELECT session_id FROM ${TABLE}`);
        return rows.map((row) => String(row["session_id"]));
      },
      sqlite() {
        using database = new DatabaseSync(sqlite, { readOnly: true });
        const rows = database.prepare(`SELECT session_id FROM ${TABLE}`).all();
        return Promise.resolve(rows.map((row) => String(row["session_id"])));
      },
    }, starting.move());
    for (const store of [from, to]) {
      if (store !== "redis" && store !== "cluster") {
        await app.azu(store, ["session:setup", "--apply", "--force"]);
      }
    }
    return app;
  }

  /** Starts a process of the app. */
  node(environment: string): Promise<Node> {
    return startNodeIn(this.#folder, { ...this.#env, AZU_ENV: environment });
  }

  ids(store: StoreName): Promise<string[]> {
    return this.#idsIn[store]();
  }

  /** Runs the tool in an environment, and throws if it fails. */
  async azu(environment: string, args: string[]): Promise<AzuResult> {
    const result = await runAzu(args, this.#options(environment));
    if (result.code === 0) return result;
    throw new Error(`azu ${args.join(" ")}: ${result.code}\n${result.stdout}${result.stderr}`);
  }

  /**
   * Copies the sessions.
   * @param kills How often the copy is killed, at random moments, before it may finish.
   */
  async copy(environment: string, { from, to }: Move, options: string[], kills: number) {
    const args = ["session:copy", "--from", from, "--to", to, "--force", ...options];
    args.push("--ledger", join(this.#env["AZU_LEDGERS"] ?? "", "ledger"));
    for (let count = 0; count < kills; count++) {
      // Small batches make a copy of a few hundred sessions last.
      const slow = ["--batch", "5", "--pause", "20ms"];
      await using azu = await spawnAzu([...args, ...slow], this.#options(environment));
      await azu.waitFor(/Copying sessions/);
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 2000));
      azu.signal("SIGKILL");
      await azu.finished();
    }
    return await this.azu(environment, args);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#resources.disposeAsync();
  }

  #options(environment: string) {
    return { cwd: this.#folder, env: { ...this.#env, AZU_ENV: environment } };
  }
}
