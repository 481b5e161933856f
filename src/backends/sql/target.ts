import type { TableName } from "./schema.ts";

/** What opens a database: its (redacted) address and its table are for messages too. */
export interface DatabaseTarget {
  /** As configured, with credentials: never for messages. */
  readonly url: string;
  readonly address: string;
  /** The folder that a relative SQLite file starts from. */
  readonly root: string;
  readonly table: TableName;
  /** The table as configured, for messages. */
  readonly tableText: string;
  /** Milliseconds to connect. */
  readonly timeout: number;
}
