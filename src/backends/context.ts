/** What a backend is made from, and how a config brings one of its own. */
import type { Backend } from "./contract.ts";
import type { Engine } from "./sql/schema.ts";

/** What a backend is made from, besides its own options. */
export interface BackendContext {
  /** The app's name, where the config or `shard.yml` tells it. */
  readonly app: string | undefined;
  /** The folder that relative file names start from, absolute. */
  readonly root: string;
  /** A variable of the environment or of `.env`, by name. */
  env(name: string): string | undefined;
  /** The database driver that the app's `shard.yml` already has, where it has one. */
  readonly driver: Engine | undefined;
  /** What the app's own source states; it wins over the config, for that is what the app uses. */
  readonly stated: Stated;
}

/** What is read from the app's source, where it can be read. */
export interface Stated {
  readonly keyPrefix?: string;
  readonly table?: string;
  /** Whether the app's nodes keep caches. */
  readonly clustered?: boolean;
  /** The channel on which they listen. */
  readonly channel?: string;
}

/** How a config brings a backend of its own: `session.backends.<name>` may be such a function. */
export type BackendFactory = (context: BackendContext) => Backend;
