/**
 * What a backup contains: a line of JSON that describes it; for each session a line of JSON, its
 * payload as it is, and the end of a line; and a line of JSON with their number and a checksum.
 * See docs/explanation/backup-format.md.
 */

export const FORMAT = "azu-backup";

/** A reader refuses files of a later version. */
export const VERSION = 1;

/** The most bytes of a payload, and of a line. A reader holds them in memory. */
export const LARGEST_PAYLOAD = 64 * 1024 * 1024;
export const LONGEST_LINE = 1024 * 1024;

export const NEWLINE = 0x0a;

/** What a backup says about itself. It contains no secret. */
export interface BackupHeader {
  /** When it was begun: a time of ISO 8601. */
  readonly createdAt: string;
  readonly environment: string;
  /** Where the sessions come from, as azu shows it: without credentials. */
  readonly source: string;
  /** The version of azu. */
  readonly azu: string;
}
