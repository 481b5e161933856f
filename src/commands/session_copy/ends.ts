/** Where sessions are copied from, and where to. */
import type { Backend, Change, Place, ReadOptions, Saved, Store } from "../../backends/contract.ts";
import type { StoredSession } from "../../backends/stored.ts";
import { ImpossibleError, UsageError } from "../../core/errors.ts";
import type { Selection } from "../../core/selection.ts";
import { printable } from "../../core/text.ts";
import { sessionsOf } from "../connection.ts";

/** What sessions are copied from: a store or, for example, a file. */
export interface CopySource {
  /** Reads every session that exists from the beginning to the end, each once. */
  read(options: ReadOptions): Promise<void>;
  /** The sessions as they are now; undefined if the source cannot tell it. */
  find?(
    ids: readonly string[],
    signal: AbortSignal,
  ): Promise<readonly (StoredSession | undefined)[]>;
}

/** What sessions are copied to. */
export interface CopyTarget {
  find(
    ids: readonly string[],
    signal: AbortSignal,
  ): Promise<readonly (StoredSession | undefined)[]>;
  /** See {@linkcode Store.hasSame}. */
  hasSame?(sessions: readonly StoredSession[], signal: AbortSignal): Promise<readonly boolean[]>;
  save(changes: readonly Change[], signal: AbortSignal, now: Date): Promise<readonly Saved[]>;
}

/** @throws {ImpossibleError} if its sessions cannot be read. */
export function sourceOf(store: Store, backend: Backend, selection: Selection): CopySource {
  const sessions = sessionsOf(store, backend, selection);
  const { read } = sessions;
  if (read === undefined) {
    throw new ImpossibleError(`The ${backend.name} backend cannot be copied from`, {
      hint: "Its store has no method `read`",
    });
  }
  const { find } = store;
  return {
    read: (options) => read.call(sessions, options),
    ...(find === undefined ? {} : { find: (ids, signal) => find.call(store, ids, signal) }),
  };
}

/** @throws {ImpossibleError} if nothing can be written there. */
export function targetOf(store: Store, { name }: Backend): CopyTarget {
  const { find, hasSame, save } = store;
  if (find === undefined || save === undefined) {
    throw new ImpossibleError(`Sessions cannot be copied to the ${name} backend`, {
      hint: "azu writes sessions only where an app with its store keeps them, and not where the " +
        "config describes a layout of other software",
    });
  }
  return {
    find: (ids, signal) => find.call(store, ids, signal),
    ...(hasSame === undefined ? {} : {
      hasSame: (sessions, signal) => hasSame.call(store, sessions, signal),
    }),
    save: (changes, signal, now) => save.call(store, changes, signal, now),
  };
}

/** @throws {UsageError} if the source and the target are the same place, by whatever names. */
export async function checkDifferent(
  [source, from]: readonly [Store, Backend],
  [target, to]: readonly [Store, Backend],
  signal: AbortSignal,
): Promise<void> {
  const places = [await source.place?.(signal), await target.place?.(signal)] as const;
  const isSame = places[0] === undefined || places[1] === undefined
    ? isSameText(from, to)
    : overlap(places[0], places[1]);
  if (!isSame) return;
  const { address, pattern, table } = to.describe();
  const where = [address, pattern ?? table].filter((part) => part !== undefined).join(", ");
  throw new UsageError(
    `${printable(from.name)} and ${printable(to.name)} are the same place (${printable(where)})`,
    { hint: "Name two backends with different servers, key prefixes or tables" },
  );
}

function isSameText(one: Backend, other: Backend): boolean {
  const [first, second] = [one.describe(), other.describe()];
  return first.address === second.address && first.pattern === second.pattern &&
    first.table === second.table;
}

/** Keys under a prefix are also under each beginning of it. */
function overlap(one: Place, other: Place): boolean {
  if (!one.servers.some((server) => other.servers.includes(server))) return false;
  if (one.prefix !== undefined && other.prefix !== undefined) {
    return one.prefix.startsWith(other.prefix) || other.prefix.startsWith(one.prefix);
  }
  return one.table !== undefined && one.table === other.table;
}
