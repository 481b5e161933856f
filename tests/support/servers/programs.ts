import { delimiter, join } from "node:path";

const DEBIAN_POSTGRES = "/usr/lib/postgresql";

/** The two programs of PostgreSQL that create and run a server. Both are in one folder. */
export interface PostgresPrograms {
  readonly initdb: string;
  readonly postgres: string;
}

/** The path of a program on PATH; undefined if there is none. */
export function which(name: string): string | undefined {
  return searchPath().map((folder) => join(folder, name)).find(isExecutable);
}

/** PostgreSQL's programs on PATH, or else the newest version in Debian's own folders. */
export function findPostgres(): PostgresPrograms | undefined {
  const folders = [...searchPath(), ...debianVersions()];
  return folders
    .map((folder) => ({ initdb: join(folder, "initdb"), postgres: join(folder, "postgres") }))
    .find(({ initdb, postgres }) => isExecutable(initdb) && isExecutable(postgres));
}

/** MariaDB's server. On Debian, it is not on the PATH of users. */
export function findMariadb(): string | undefined {
  return which("mariadbd") ?? ["/usr/sbin/mariadbd"].find(isExecutable);
}

/** PgBouncer. On Debian, it is not on the PATH of users. */
export function findPgbouncer(): string | undefined {
  return which("pgbouncer") ?? ["/usr/sbin/pgbouncer"].find(isExecutable);
}

/** The parser of Prometheus's client for Python: its file, as Debian installs it. */
export function findOpenMetricsParser(): string | undefined {
  return findFile("/usr/lib/python3/dist-packages/prometheus_client/openmetrics/parser.py");
}

/** The file of the package bash-completion, as Debian installs it. */
export function findBashCompletion(): string | undefined {
  return findFile("/usr/share/bash-completion/bash_completion");
}

function findFile(file: string): string | undefined {
  try {
    return Deno.statSync(file).isFile ? file : undefined;
  } catch {
    return undefined;
  }
}

function searchPath(): string[] {
  return (Deno.env.get("PATH") ?? "").split(delimiter).filter((folder) => folder !== "");
}

function debianVersions(): string[] {
  try {
    return Array.from(Deno.readDirSync(DEBIAN_POSTGRES), ({ name }) => name)
      .sort((a, b) => Number(b) - Number(a))
      .map((version) => join(DEBIAN_POSTGRES, version, "bin"));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

function isExecutable(path: string): boolean {
  try {
    const { isFile, mode } = Deno.statSync(path);
    return isFile && (mode === null || (mode & 0o111) !== 0);
  } catch {
    // It is missing, or its folder may not be entered.
    return false;
  }
}
