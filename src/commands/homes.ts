/** Which of its two stores a session lives in, while an app moves its sessions between them. */
export interface Homes {
  /** The names of the backends in the config. */
  readonly names: readonly [string, string];
  /** The store of sessions that name neither of them, as earlier versions of setup write them. */
  readonly old: string;
}

/** @param storedIn See `StoredSession.storedIn`. */
export function homeOf(storedIn: string | null, { names, old }: Homes): string {
  return storedIn !== null && names.includes(storedIn) ? storedIn : old;
}
