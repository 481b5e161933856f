import { join } from "node:path";
import type { Certificates } from "./certificates.ts";
import { service } from "../env.ts";
import { exchange, onFreePort, type Server, startServer } from "./server.ts";
import { removeTree, tempDir } from "../temp.ts";

/** Options of {@linkcode startPostgres}. */
export interface PostgresOptions {
  /** The password of the user `azu`; by default, random letters and digits. */
  readonly password?: string;
  /** Uses TLS with the certificate of this name. */
  readonly tls?: { readonly from: Certificates; readonly name: "server" | "elsewhere" };
  /** The lines of pg_hba.conf; by default, everybody with the password may connect. */
  readonly hba?: string;
  /** More arguments of postgres. */
  readonly args?: readonly string[];
}

/** A PostgreSQL server that runs until it is disposed of. */
export interface PostgresServer extends Server {
  /** The user is the superuser `azu`, with the password. The database is `postgres`. */
  readonly url: string;
  readonly port: number;
}

export type Owner = { readonly uid: number; readonly gid: number };

// The protocol's SSLRequest: its length, then the number that asks for TLS.
const SSL_REQUEST = new Uint8Array([0, 0, 0, 8, 4, 210, 22, 47]);

/** Starts an empty PostgreSQL on a free port of 127.0.0.1. */
export async function startPostgres(options: PostgresOptions = {}): Promise<PostgresServer> {
  const bin = service("postgres-server");
  const password = options.password ?? crypto.randomUUID().replaceAll("-", () => "");
  const owner = await serverOwner();
  return await onFreePort(async (port) => {
    const dir = await makeCluster(bin, password, owner);
    const tls = options.tls === undefined ? [] : await makeTls(dir, options.tls, owner);
    if (options.hba !== undefined) {
      await Deno.writeTextFile(join(dir, "data", "pg_hba.conf"), options.hba);
    }
    const server = await startServer({
      command: join(bin, "postgres"),
      args: [...postgresArgs(dir, port), ...tls, ...options.args ?? []],
      dir,
      stopSignal: "INT",
      owner,
      readyLine: /ready to accept connections/,
      answers: async () => (await exchange(port, SSL_REQUEST)).length > 0,
    });
    const user = `azu:${encodeURIComponent(password)}`;
    return { ...server, port, url: `postgres://${user}@127.0.0.1:${port}/postgres` };
  });
}

function postgresArgs(dir: string, port: number): string[] {
  const settings = {
    listen_addresses: "127.0.0.1",
    unix_socket_directories: dir,
    fsync: "off",
    synchronous_commit: "off",
    full_page_writes: "off",
  };
  const flags = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  return ["-D", join(dir, "data"), "-p", `${port}`, ...flags];
}

/** The server only reads a key that belongs to it. */
async function makeTls(
  dir: string,
  { from, name }: NonNullable<PostgresOptions["tls"]>,
  owner?: Owner,
): Promise<string[]> {
  const files = {
    ssl_cert_file: `${name}.crt`,
    ssl_key_file: `${name}.key`,
    ssl_ca_file: "ca.crt",
  };
  for (const file of Object.values(files)) {
    await Deno.copyFile(join(from.path, file), join(dir, file));
    await Deno.chmod(join(dir, file), 0o600);
    if (owner !== undefined) await Deno.chown(join(dir, file), owner.uid, owner.gid);
  }
  const settings = Object.entries(files).map(([setting, file]) => `${setting}=${join(dir, file)}`);
  return ["ssl=on", ...settings].flatMap((setting) => ["-c", setting]);
}

/** Makes a database cluster in a new folder's `data`, and returns the folder. */
async function makeCluster(bin: string, password: string, owner?: Owner): Promise<string> {
  const { path: dir } = await tempDir("azu-postgres-");
  const passwordFile = join(dir, "password");
  await Deno.writeTextFile(passwordFile, password, { mode: 0o600 });
  if (owner !== undefined) {
    await Deno.chown(dir, owner.uid, owner.gid);
    await Deno.chown(passwordFile, owner.uid, owner.gid);
  }
  const { success, stdout, stderr } = await new Deno.Command(join(bin, "initdb"), {
    args: [
      ...["-D", join(dir, "data"), "--username=azu", `--pwfile=${passwordFile}`],
      ...["--auth=scram-sha-256", "--encoding=UTF8", "--no-locale", "--no-sync"],
    ],
    // A folder that the owner may enter. Otherwise, initdb complains.
    cwd: dir,
    clearEnv: true,
    env: { PATH: Deno.env.get("PATH") ?? "/usr/bin:/bin", LC_ALL: "C" },
    ...owner,
  }).output();
  if (success) return dir;
  await removeTree(dir);
  const decoder = new TextDecoder();
  throw new Error(`Cannot start initdb: ${decoder.decode(stdout)}${decoder.decode(stderr)}`);
}

/** The user of the server: PostgreSQL refuses to run as root. */
export async function serverOwner(): Promise<Owner | undefined> {
  if (Deno.uid() !== 0) return undefined;
  const users = (await Deno.readTextFile("/etc/passwd")).split("\n").map((line) => line.split(":"));
  for (const name of ["postgres", "nobody"]) {
    const [, , uid, gid] = users.find(([user]) => user === name) ?? [];
    if (uid !== undefined && gid !== undefined) return { uid: Number(uid), gid: Number(gid) };
  }
  throw new Error('PostgreSQL refuses to run as root, and there is no user "postgres" or "nobody"');
}
