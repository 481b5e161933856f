/** What a soak needs of a store: what an app does with it, and a look at all that is there. */
import type { ClearRun } from "./azu.ts";

export interface SoakStore extends AsyncDisposable {
  readonly name: string;
  create(id: string): Promise<void>;
  /** Many at once, so that a clear takes a while. */
  createMany(ids: readonly string[]): Promise<void>;
  /** As the session shard does: reads, and writes back only what is still there. */
  visit(id: string): Promise<void>;
  /** The sessions that are there. */
  ids(): Promise<string[]>;
  /** Bytes of memory that the server says it uses; undefined where it does not say. */
  memory?(): Promise<number>;
  clear(): Promise<ClearRun>;
}
