/** What the app's sessions record, besides the times: the config's `session.user` and `session.record`. */

/** The type of the users' ids. */
export type UserType = "int64" | "uuid" | "string";

/** What the sessions of an app record. */
export interface Recorded {
  readonly user: UserType;
  /** Whether they record the visitor's IP address. */
  readonly ip: boolean;
  /** Whether they record the visitor's `User-Agent`. */
  readonly userAgent: boolean;
}
