import { delimiter, join } from "node:path";

const DEBIAN_POSTGRES = "/usr/lib/postgresql";

/** PostgreSQL's two programs that make and run a server; both are in one folder. */
export interface PostgresPrograms {
  readonly initdb: string;
  readonly postgres: string;
}

/** Where a program is on PATH, or undefined. */
export function which(name: string): string | undefined {
  return searchPath().map((folder) => join(folder, name)).find(isExecutable);
}

/** PostgreSQL's programs on PATH, else the newest version that Debian's packages put aside. */
export function findPostgres(): PostgresPrograms | undefined {
  const folders = [...searchPath(), ...debianVersions()];
  return folders
    .map((folder) => ({ initdb: join(folder, "initdb"), postgres: join(folder, "postgres") }))
    .find(({ initdb, postgres }) => isExecutable(initdb) && isExecutable(postgres));
}

/** MariaDB's server; Debian keeps it out of users' PATH. */
export function findMariadb(): string | undefined {
  return which("mariadbd") ?? ["/usr/sbin/mariadbd"].find(isExecutable);
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
    // Not there, or in a folder that is closed to us: either way it cannot be run.
    return false;
  }
}
