/** What a command may know of the outside: passed in, so that nothing under src/ reaches for it. */
export interface Io {
  /** The folder that the command works in, absolute (`-C` applied). */
  readonly cwd: string;
  /** A variable of the process's environment, by name. Empty values count as unset. */
  env(name: string): string | undefined;
  /** The present moment. */
  now(): Date;
}
