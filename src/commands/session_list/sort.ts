/** The orders in which sessions can be listed. */
import type { SessionInfo } from "../../backends/contract.ts";
import { ImpossibleError } from "../../core/errors.ts";
import { type Fact, factNames } from "../../core/selection.ts";

export const sortFields = ["created", "visited", "expires", "size", "user"] as const;

export interface Sort {
  readonly field: typeof sortFields[number];
  readonly isDescending: boolean;
}

/** Compares sessions. Those of which the field is not known come last in both directions. */
export function comparer({ field, isDescending }: Sort) {
  const keyOf = KEYS[field];
  return (a: SessionInfo, b: SessionInfo): number => {
    const one = keyOf(a);
    const other = keyOf(b);
    if (one === undefined || other === undefined) {
      const unknown = Number(one === undefined) - Number(other === undefined);
      return unknown || compareTexts(a.handle, b.handle);
    }
    const order = field === "user" ? compareUsers(one, other) : Number(one) - Number(other);
    return (isDescending ? -order : order) || compareTexts(a.handle, b.handle);
  };
}

/** What the store must tell for an order. It always tells the size. */
const FACTS: Readonly<Record<Sort["field"], Fact | undefined>> = {
  created: "createdAt",
  visited: "visitedAt",
  expires: "expiresAt",
  size: undefined,
  user: "user",
};

/** Whether a session's place in an order is known; also if it is known to have no user, say. */
export function isPlaced(session: SessionInfo, { field }: Sort): boolean {
  const fact = FACTS[field];
  return fact === undefined || session[fact] !== undefined;
}

/** @param backend The backend of sessions none of which has a known place in an order. */
export function unsortable(backend: string, { field }: Sort): ImpossibleError {
  const fact = FACTS[field];
  const name = fact === undefined ? field : factNames([fact], "or");
  return new ImpossibleError(
    `The sessions of the ${backend} backend do not tell ${name}, so they cannot be sorted by it`,
    { hint: "Without --sort, they are listed in no particular order" },
  );
}

type Key = number | string | undefined;

const KEYS: Readonly<Record<Sort["field"], (session: SessionInfo) => Key>> = {
  created: ({ createdAt }) => createdAt ?? undefined,
  visited: ({ visitedAt }) => visitedAt ?? undefined,
  /** What never expires comes after everything that does. The largest number allows a difference. */
  expires: ({ expiresAt }) => expiresAt === null ? Number.MAX_VALUE : expiresAt,
  size: ({ size }) => size,
  user: ({ user }) => user ?? undefined,
};

/** Numbers by their size, before all other ids. */
function compareUsers(one: string | number, other: string | number): number {
  const a = String(one);
  const b = String(other);
  const isNumber = /^\d+$/.test(a);
  if (isNumber !== /^\d+$/.test(b)) return isNumber ? -1 : 1;
  return (isNumber ? a.length - b.length : 0) || compareTexts(a, b);
}

function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
