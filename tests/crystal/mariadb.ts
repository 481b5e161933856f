/** A MariaDB server of the run's own, for the store on MySQL. */
import { join } from "node:path";
import { which } from "../support/servers/programs.ts";
import { exchange, onFreePort, type Server, startServer } from "../support/servers/server.ts";
import { tempDir } from "../support/temp.ts";

export interface MariadbServer extends Server {
  /** Where it answers: a user who may do everything, without a database. */
  readonly url: string;
  /** Runs statements, and returns their rows, fields separated by tabs. */
  sql(statements: string): Promise<string[]>;
}

const USER = "azu";

/** Starts an empty MariaDB on a free port of 127.0.0.1. */
export async function startMariadb(): Promise<MariadbServer> {
  const password = crypto.randomUUID().replaceAll("-", () => "");
  return await onFreePort(async (port) => {
    const { path: dir } = await tempDir("azu-mariadb-");
    const data = join(dir, "data");
    await run(program("mariadb-install-db"), [
      ...["--no-defaults", `--datadir=${data}`, "--skip-test-db", "--auth-root-socket-user=root"],
    ]);
    const init = join(dir, "init.sql");
    await Deno.writeTextFile(init, `GRANT ALL ON *.* TO ${USER}@'%' IDENTIFIED BY '${password}';`);
    const server = await startServer({
      command: program("mariadbd"),
      args: [
        ...["--no-defaults", `--datadir=${data}`, `--port=${port}`, "--bind-address=127.0.0.1"],
        ...[`--socket=${dir}/socket`, `--pid-file=${dir}/pid`, `--init-file=${init}`],
        ...["--skip-name-resolve", "--innodb-flush-log-at-trx-commit=0", "--user=root"],
      ],
      dir,
      stopSignal: "TERM",
      readyLine: /ready for connections/,
      // It greets whoever connects.
      answers: async () => (await exchange(port, new Uint8Array([0]))).length > 0,
    });
    const access = ["--no-defaults", "-h", "127.0.0.1", "-P", `${port}`, "-u", USER];
    const sql = (statements: string) =>
      run(program("mariadb"), [...access, `-p${password}`, "-N", "-B", "-e", statements]);
    return { ...server, url: `mysql://${USER}:${password}@127.0.0.1:${port}`, sql };
  });
}

/** A program's path; Debian keeps the server itself out of users' PATH. */
function program(name: string): string {
  return which(name) ?? `/usr/sbin/${name}`;
}

async function run(command: string, args: readonly string[]): Promise<string[]> {
  const { success, stdout, stderr } = await new Deno.Command(command, {
    args: [...args],
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  if (!success) throw new Error(`${command}: ${decoder.decode(stdout)}${decoder.decode(stderr)}`);
  return decoder.decode(stdout).split("\n").filter((line) => line !== "");
}
