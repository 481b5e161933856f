/** What a removal of sessions is called in messages. */
export interface Words {
  /** `clear`: the verb, as in `Would clear`. */
  readonly verb: string;
  /** `cleared`, as in `Nothing was cleared`. */
  readonly done: string;
  /** `Clearing`, while it goes on. */
  readonly doing: string;
  /** `clear`: the removal itself, as in `before the clear`. */
  readonly noun: string;
  /** There was nothing to remove. */
  readonly none: string;
  /** The same as part of a sentence, after a failure. */
  readonly noneLeft: string;
  /** What is said with a check mark. */
  readonly success: string;
  /** Sessions that were written meanwhile. They do not count as left over. */
  arrived(sessions: number): string;
}

export const CLEAR: Words = {
  verb: "clear",
  done: "cleared",
  doing: "Clearing",
  noun: "clear",
  none: "No sessions found",
  noneLeft: "There are no sessions in the store",
  success: "Sessions cleared successfully",
  arrived: (sessions) =>
    `${sessions} session(s) were written during the clear and are there now: the app is still ` +
    "running. To log out everybody, stop the app and run the command again",
};

export const REVOKE: Words = {
  verb: "revoke",
  done: "revoked",
  doing: "Revoking",
  noun: "revocation",
  none: "No sessions match",
  noneLeft: "No sessions match",
  success: "Sessions revoked",
  arrived: (sessions) =>
    `${sessions} session(s) that match were written meanwhile, and are there now`,
};

/** @param grace How long sessions must have been expired: `7d`; undefined if that does not matter. */
export function sweepWords(grace?: string): Words {
  const expired = grace === undefined ? "expired" : `that expired more than ${grace} ago`;
  const sessions = grace === undefined ? "expired sessions" : `sessions ${expired}`;
  return {
    verb: "remove",
    done: "removed",
    doing: "Removing",
    noun: "sweep",
    none: `No ${sessions}`,
    noneLeft: `There are no ${sessions}`,
    success: `No ${sessions} are left`,
    arrived: (count) => `${count} expired session(s) have been written meanwhile`,
  };
}

/** A word at the beginning of a sentence. */
export function capitalized(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
