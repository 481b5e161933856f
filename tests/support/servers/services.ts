import { cannotInstall, installPackages } from "./debian.ts";
import {
  findBashCompletion,
  findMariadb,
  findOpenMetricsParser,
  findPgbouncer,
  findPostgres,
  type PostgresPrograms,
  which,
} from "./programs.ts";

const PACKAGES = {
  redis: "redis-server",
  postgres: "postgresql",
  pgbouncer: "pgbouncer",
  mariadb: "mariadb-server",
  crystal: "crystal",
  age: "age",
  openssl: "openssl",
  chromium: "chromium",
  script: "bsdutils",
  jq: "jq",
  sqlite3: "sqlite3",
  openmetrics: "python3-prometheus-client",
  "bash-completion": "bash-completion",
  zsh: "zsh",
  fish: "fish",
  man: "man-db",
  mandoc: "mandoc",
  unzip: "unzip",
  ruby: "ruby",
  lintian: "lintian",
  debootstrap: "debootstrap",
  npm: "npm",
} as const;

/** A program that the tests use. */
export type ProgramName = keyof typeof PACKAGES;

/** A missing program, and the reason. */
export interface Missing {
  readonly name: ProgramName;
  readonly why: string;
}

/** The paths of the programs that the tests use. */
export interface Programs {
  readonly redis?: string | undefined;
  readonly postgres?: PostgresPrograms | undefined;
  readonly pgbouncer?: string | undefined;
  readonly mariadb?: string | undefined;
  readonly crystal?: string | undefined;
  readonly age?: string | undefined;
  readonly openssl?: string | undefined;
  readonly chromium?: string | undefined;
  readonly script?: string | undefined;
  readonly jq?: string | undefined;
  readonly sqlite3?: string | undefined;
  /** Prometheus's own parser of OpenMetrics, a module of Python. */
  readonly openmetrics?: string | undefined;
  /** The completion of bash that distributions install: its file. */
  readonly "bash-completion"?: string | undefined;
  readonly zsh?: string | undefined;
  readonly fish?: string | undefined;
  readonly man?: string | undefined;
  readonly mandoc?: string | undefined;
  readonly unzip?: string | undefined;
  readonly ruby?: string | undefined;
  readonly lintian?: string | undefined;
  readonly debootstrap?: string | undefined;
  readonly npm?: string | undefined;
  readonly missing: readonly Missing[];
}

/** Finds the programs that the tests use, and installs missing ones if possible. */
export async function provision(): Promise<Programs> {
  const wanted = absent(find());
  const obstacle = cannotInstall();
  const failures = obstacle === undefined
    ? await installPackages(wanted.map((name) => PACKAGES[name]))
    : new Map<string, string>();
  const found = find();
  const missing = absent(found).map((name) => ({
    name,
    why: obstacle ?? failures.get(PACKAGES[name]) ?? `${PACKAGES[name]} did not bring it`,
  }));
  return { ...found, missing };
}

function find() {
  return {
    redis: which("redis-server"),
    postgres: findPostgres(),
    pgbouncer: findPgbouncer(),
    mariadb: findMariadb(),
    crystal: which("crystal"),
    age: which("age"),
    openssl: which("openssl"),
    chromium: which("chromium"),
    script: which("script"),
    jq: which("jq"),
    sqlite3: which("sqlite3"),
    openmetrics: findOpenMetricsParser(),
    "bash-completion": findBashCompletion(),
    zsh: which("zsh"),
    fish: which("fish"),
    man: which("man"),
    mandoc: which("mandoc"),
    unzip: which("unzip"),
    ruby: which("ruby"),
    lintian: which("lintian"),
    debootstrap: which("debootstrap"),
    npm: which("npm"),
  };
}

function absent(found: ReturnType<typeof find>): ProgramName[] {
  const names = Object.keys(PACKAGES) as ProgramName[];
  return names.filter((name) => found[name] === undefined);
}
