/** A session as a store has it. Its id and its payload are never shown. */
export interface StoredSession {
  readonly id: string;
  /** The bytes of the payload, as they are stored: maybe compressed or sealed. */
  readonly payload: Uint8Array;
  /** Milliseconds since 1970; null if it never expires. */
  readonly expiresAt: number | null;
  /** Milliseconds since 1970; null if it is not known. */
  readonly createdAt: number | null;
  readonly visitedAt: number | null;
  readonly user: string | null;
  readonly ip: string | null;
  readonly userAgent: string | null;
  /** Whether the payload tells all that is known besides the expiry, so that a backup need not. */
  readonly isToldByPayload?: boolean | undefined;
  /**
   * The name of the backend that the app last wrote it to; null if the payload names none, undefined
   * if that is not known. A copy has the name of another backend than the one that it is in.
   */
  readonly storedIn?: string | null | undefined;
}
