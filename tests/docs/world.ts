/** Where the commands of a page run: a home with an app, servers, and sessions in them. */
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { Redis } from "ioredis";
import { sealed } from "../backends/sealed.ts";
import { CONNECT_PG_SIMPLE } from "../backends/sql/foreign_tables.ts";
import { payloadOf, type SavedSession } from "../backends/subject.ts";
import { someSessions } from "../cli/sessions.ts";
import { freshPostgres, type TestDatabase } from "../support/servers/database.ts";
import { which } from "../support/servers/programs.ts";
import { startRedis } from "../support/servers/redis.ts";
import { tempDir, writeTree } from "../support/temp.ts";
import type { Command, Item } from "./page.ts";
import { Shell } from "./shell.ts";
import { APP, saveInRedis, saveInTable } from "./shop.ts";
import { takeStep } from "./steps.ts";

export class World implements AsyncDisposable {
  readonly #shell: Shell;
  readonly #home: string;
  readonly #owned: AsyncDisposableStack;
  /** What differs here from the page: the text here, and that on the page. */
  readonly #names: { readonly here: string; readonly page: string }[];
  #save: (sessions: readonly SavedSession[]) => Promise<void> = noStore;
  #query: (statement: string) => Promise<unknown> = noStore;
  #redis: Redis | undefined;
  readonly #nodes: Redis[] = [];

  private constructor(shell: Shell, home: string, owned: AsyncDisposableStack) {
    this.#shell = shell;
    this.#home = home;
    this.#owned = owned;
    this.#names = [{ here: home, page: "/home/me" }];
  }

  static async open(): Promise<World> {
    const owned = new AsyncDisposableStack();
    const home = owned.use(await tempDir("azu-page-"));
    return new World(await Shell.open(home), home.path, owned);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#owned.disposeAsync();
  }

  /** Does what an item says that is not a command. */
  async take(item: Exclude<Item, Command>): Promise<void> {
    if (item.kind === "file") {
      await this.run(`cat > ${item.name} <<'EOF'\n${item.content}EOF`);
    } else if (item.kind === "steps") {
      for (const name of item.names) await takeStep(this, name);
    }
  }

  /** Runs a command of the page, and returns its exit code and its output as on the page. */
  async follow({ text, output }: Command): Promise<{ code: number; output: string }> {
    const result = await this.#shell.run(this.#here(text), output?.join("\n"));
    return { code: result.code, output: this.#asOnPage(result.output) };
  }

  /** Runs a command that the page does not show. */
  async run(command: string): Promise<void> {
    const { code, output } = await this.#shell.run(this.#here(command));
    if (code !== 0) throw new Error(`${command} ended with ${code}: ${output}`);
  }

  #here(text: string): string {
    return this.#names.reduce((found, { here, page }) => found.replaceAll(page, () => here), text);
  }

  #asOnPage(text: string): string {
    return this.#names.reduce((found, { here, page }) => found.replaceAll(here, () => page), text);
  }

  /** An app before its sessions are set up, as Azu's own generator lays it out. */
  async makeApp(): Promise<void> {
    await this.run("rm -rf ~/shop");
    await writeTree(join(this.#home, "shop"), APP);
    await this.run("cd ~/shop");
  }

  async startRedis(): Promise<void> {
    const server = this.#owned.use(await startRedis());
    const client = new Redis(server.url);
    this.#owned.defer(() => client.disconnect());
    this.#redis = client;
    this.#save = (sessions) => saveInRedis(client, sessions);
    this.#names.push({ here: `127.0.0.1:${server.port}`, page: "localhost:6379" });
    await writeTree(this.#home, {
      "bin/redis-cli": `#!/bin/sh\nexec ${which("redis-cli")} -p ${server.port} "$@"\n`,
    });
    await this.run("chmod +x ~/bin/redis-cli");
  }

  /** @param name `sqlite` or `postgres`. */
  async startDatabase(name: string): Promise<void> {
    if (name === "sqlite") {
      const file = join(this.#home, "shop/shop.db");
      this.#useDatabase("sqlite", (statement) => {
        using database = new DatabaseSync(file);
        database.exec(statement);
        return Promise.resolve();
      });
      return await this.run("export DATABASE_URL=sqlite3://./shop.db");
    }
    const { query, url } = this.#owned.use(await freshPostgres());
    this.#useDatabase("postgres", query);
    const { protocol, host, pathname } = new URL(url);
    this.#names.push({
      here: `${protocol}//azu:***@${host}${pathname}`,
      page: `${protocol}//shop:***@localhost:5432/shop`,
    });
    await this.run(`export DATABASE_URL='${url}'`);
  }

  #useDatabase(
    engine: "sqlite" | "postgres",
    query: (statement: string) => Promise<unknown>,
  ): void {
    this.#query = query;
    this.#save = (sessions) => saveInTable(engine, query, sessions);
  }

  /** Another app's table, which no app of ours writes. */
  async adopt(): Promise<void> {
    await this.makeApp();
    await this.startDatabase("postgres");
    for (const statement of CONNECT_PG_SIMPLE.create('"session"')) await this.query(statement);
    const query: TestDatabase["query"] = async (sql) => {
      await this.query(sql);
      return [];
    };
    this.#save = async (sessions) => {
      await CONNECT_PG_SIMPLE.app(query, '"session"').selectable?.save(sessions);
    };
    await this.#save(someSessions());
  }

  save(sessions: readonly SavedSession[]): Promise<void> {
    return this.#save(sessions);
  }

  /** Saves sessions in Redis, encrypted with the secret in .env. */
  async encrypt(sessions: readonly SavedSession[]): Promise<void> {
    const dotenv = await Deno.readTextFile(join(this.#home, "shop/.env"));
    const secret = /^SESSION_SECRET=(\w+)$/m.exec(dotenv)?.[1] ?? "";
    if (this.#redis === undefined) return await noStore();
    await saveInRedis(this.#redis, sessions, (saved) => sealed(payloadOf(saved), {}, secret));
  }

  async query(statement: string): Promise<void> {
    await this.#query(statement);
  }

  async redisCommand(command: string): Promise<void> {
    const [name = "", ...args] = command.split(" ");
    await this.#redis?.call(name, ...args);
  }

  /** Two nodes of the app that cache sessions. */
  async listen(channel: string): Promise<void> {
    for (let node = 0; node < 2; node++) {
      const client = this.#redis?.duplicate();
      if (client === undefined) return await noStore();
      this.#owned.defer(() => client.disconnect());
      await client.subscribe(channel);
      this.#nodes.push(client);
    }
  }

  async stopNodes(): Promise<void> {
    for (const node of this.#nodes) await node.quit();
  }

  async empty(): Promise<void> {
    if (this.#redis === undefined) await this.query("DELETE FROM sessions");
    else await this.#redis.flushall();
  }
}

function noStore(): Promise<void> {
  return Promise.reject(new Error("The page has sessions before it has an app"));
}
