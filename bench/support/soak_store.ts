/** A store in the soak test: the operations of an app, and a list of all sessions. */
import type { ClearRun } from "./azu.ts";

export interface SoakStore extends AsyncDisposable {
  readonly name: string;
  create(id: string): Promise<void>;
  /** Creates many at once, so that a clear takes a while. */
  createMany(ids: readonly string[]): Promise<void>;
  /** Like the session shard: reads a session, and writes it back only if it still exists. */
  visit(id: string): Promise<void>;
  /** The ids of all sessions. */
  ids(): Promise<string[]>;
  /** Bytes of memory that the server reports. Undefined if it cannot. */
  memory?(): Promise<number>;
  clear(): Promise<ClearRun>;
}
