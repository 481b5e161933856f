import { join } from "node:path";
import { service } from "../env.ts";
import { exchange, onFreePort, type Server, startServer } from "./server.ts";
import { removeTree, tempDir } from "../temp.ts";

/** Options of {@linkcode startMariadb}. */
export interface MariadbOptions {
  /** The password of the user `azu`; by default, random letters and digits. */
  readonly password?: string;
  /** More arguments of mariadbd. */
  readonly args?: readonly string[];
}

/** A MariaDB server that runs until it is disposed of. */
export interface MariadbServer extends Server {
  /** Kills the server. It starts again. */
  crash(): Promise<void>;
  /** The user is `azu`, who has all privileges. The database is `mysql`. */
  readonly url: string;
  readonly port: number;
}

/** Restarts a server each time it ends, until it gets SIGTERM. */
const AGAIN = `trap 'trap "" TERM; kill $server; wait $server; exit' TERM
while :; do "$@" & server=$!; wait $server; done`;

/** Starts an empty MariaDB on a free port of 127.0.0.1. */
export async function startMariadb(options: MariadbOptions = {}): Promise<MariadbServer> {
  const bin = service("mariadb-server");
  const password = options.password ?? crypto.randomUUID().replaceAll("-", () => "");
  return await onFreePort(async (port) => {
    const dir = await makeData();
    const data = join(dir, "data");
    const init = join(dir, "init.sql");
    const quoted = password.replaceAll(/['\\]/g, (character) => `\\${character}`);
    await Deno.writeTextFile(
      init,
      `GRANT ALL ON *.* TO azu@'%' IDENTIFIED BY '${quoted}' WITH GRANT OPTION;`,
      { mode: 0o600 },
    );
    const server = await startServer({
      command: "/bin/sh",
      args: [
        ...["-c", AGAIN, "sh", join(bin, "mariadbd")],
        ...["--no-defaults", `--datadir=${data}`, `--port=${port}`, "--bind-address=127.0.0.1"],
        ...[`--socket=${dir}/socket`, `--pid-file=${dir}/pid`, `--init-file=${init}`],
        `--tmpdir=${dir}`, // a server removes all temporary files when it starts
        ...["--skip-name-resolve", "--innodb-flush-log-at-trx-commit=0"],
        ...(Deno.uid() === 0 ? ["--user=root"] : []),
        ...options.args ?? [],
      ],
      dir,
      stopSignal: "TERM",
      readyLine: /ready for connections/,
      // It greets every client.
      answers: async () => (await exchange(port, new Uint8Array([0]))).length > 0,
    });
    return {
      ...server,
      port,
      crash: async () => Deno.kill(Number(await Deno.readTextFile(join(dir, "pid"))), "SIGKILL"),
      url: `mysql://azu:${encodeURIComponent(password)}@127.0.0.1:${port}/mysql`,
    };
  });
}

/** Creates the data of a server in `data` in a new folder, and returns the folder. */
async function makeData(): Promise<string> {
  const { path: dir } = await tempDir("azu-mariadb-");
  const { success, stdout, stderr } = await new Deno.Command("mariadb-install-db", {
    args: [
      ...["--no-defaults", `--datadir=${join(dir, "data")}`, `--tmpdir=${dir}`, "--skip-test-db"],
      "--auth-root-authentication-method=normal",
    ],
    stdin: "null",
  }).output();
  if (success) return dir;
  await removeTree(dir);
  const decoder = new TextDecoder();
  throw new Error(`Cannot make a MariaDB: ${decoder.decode(stdout)}${decoder.decode(stderr)}`);
}
