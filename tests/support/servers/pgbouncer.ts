import { service } from "../env.ts";
import { tempDir } from "../temp.ts";
import { serverOwner } from "./postgres.ts";
import { exchange, onFreePort, type Server, startServer } from "./server.ts";

export interface PgbouncerOptions {
  /** When a server connection goes to the next client. */
  readonly mode: "session" | "transaction" | "statement";
  /** The name of the only database that it knows; by default it knows all. */
  readonly only?: string;
  /** More lines of the section `[pgbouncer]`. */
  readonly settings?: readonly string[];
}

/** A PgBouncer in front of a server, with one server connection for each database. */
export interface Pgbouncer extends Server {
  /** The URL of a database of the server, through the pooler. */
  through(url: string): string;
}

/** @param url The server behind it, with a user that the pooler logs in as. */
export async function startPgbouncer(url: string, options: PgbouncerOptions): Promise<Pgbouncer> {
  const command = service("pgbouncer");
  const owner = await serverOwner();
  const { hostname, port: serverPort, username, password } = new URL(url);
  return await onFreePort(async (port) => {
    const { path: dir } = await tempDir("azu-pgbouncer-");
    const login = `user=${username} password=${decodeURIComponent(password)}`;
    await Deno.writeTextFile(
      `${dir}/pgbouncer.ini`,
      [
        "[databases]",
        `${options.only ?? "*"} = host=${hostname} port=${serverPort} ${login}`,
        "[pgbouncer]",
        ...["listen_addr = 127.0.0.1", `listen_port = ${port}`, "unix_socket_dir ="],
        ...[
          "auth_type = trust",
          `auth_file = ${dir}/users.txt`,
          `pool_mode = ${options.mode}`,
          "default_pool_size = 1",
        ],
        ...options.settings ?? [],
      ].join("\n"),
    );
    await Deno.writeTextFile(`${dir}/users.txt`, `"${username}" ""\n`);
    if (owner !== undefined) await Deno.chown(dir, owner.uid, owner.gid);
    const server = await startServer({
      command,
      args: [`${dir}/pgbouncer.ini`],
      dir,
      stopSignal: "INT",
      owner,
      readyLine: /process up/,
      answers: async () => {
        const sslRequest = new Uint8Array([0, 0, 0, 8, 4, 210, 22, 47]);
        return (await exchange(port, sslRequest)).length > 0;
      },
    });
    return {
      ...server,
      through: (database) => {
        return `postgres://${username}:any@127.0.0.1:${port}${new URL(database).pathname}`;
      },
    };
  });
}
