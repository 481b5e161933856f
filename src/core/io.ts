/** What code below the command line gets from outside. */
export interface Io {
  /** The absolute path of the working folder, with `-C` applied. */
  readonly cwd: string;
  /** The id of the user who runs the process; null where the system has none. */
  readonly uid: number | null;
  /** Reads an environment variable. An empty one counts as not set. */
  env(name: string): string | undefined;
  /** The current time. */
  now(): Date;
}
