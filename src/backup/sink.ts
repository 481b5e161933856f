/** Where the bytes of a new backup go, one chunk after the other. */
export interface Sink {
  /** The chunk may be reused once this has returned. */
  write(chunk: Uint8Array): Promise<void>;
  /** Writes what is left, and ends the next sink too. */
  close(): Promise<void>;
}

/** The most bytes of a chunk, everywhere on the way. Those of age are as large. */
export const CHUNK = 64 * 1024;
