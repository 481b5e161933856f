/** The sessions of a selection, among keys: which are meant, and what is known about them. */
import type { Buffer } from "node:buffer";
import { ImpossibleError } from "../../../core/errors.ts";
import {
  type Candidate,
  type Fact,
  factNames,
  type Facts,
  factsOf,
  isUntold,
  matcherOf,
  type Selection,
} from "../../../core/selection.ts";
import type { LookOptions, ReadOptions, SessionInfo } from "../../contract.ts";
import { handleOf } from "../../handle.ts";
import { DEFAULT_PACKING, pathsIn } from "../../layout_options.ts";
import { type PayloadLayout, PayloadReader, type Reading, SHARD_PAYLOAD } from "../../payload.ts";
import { sealedError } from "../../sealed.ts";
import { type FoundKey, KeyReader } from "./facts.ts";
import type { RedisNode } from "../node.ts";
import type { RedisNodes } from "../nodes.ts";
import { DistinctKeys } from "../seen_keys.ts";
import type { RedisSessions } from "../store.ts";
import type { StoredSession } from "../../stored.ts";
import { storedSession } from "../stored_session.ts";
import type { KeySpace } from "../walk.ts";

/** What is needed to tell which keys are meant. */
export interface SelectionContext {
  readonly selection: Selection;
  readonly payloads: PayloadReader;
  readonly prefixLength: number;
  /** The redacted address of the server, for messages. */
  readonly address: string;
}

/**
 * The sessions of a selection, with the layout of the config or that of the app.
 * @throws {ImpossibleError} if the values cannot tell which sessions are meant.
 */
export function selectedKeys(
  { endpoint: { address } }: RedisNodes,
  keys: KeySpace,
  { layout, secrets }: Pick<RedisSessions, "layout" | "secrets">,
  selection: Selection,
): SelectedKeys {
  checkTold(selection, layout === undefined ? SHARD_PAYLOAD : pathsIn(layout), address);
  return new SelectedKeys({
    selection,
    payloads: payloadReader({ layout, secrets }),
    prefixLength: keys.prefix.length,
    address,
  });
}

export function payloadReader(
  { layout, secrets }: Pick<RedisSessions, "layout" | "secrets">,
): PayloadReader {
  const paths = layout === undefined ? SHARD_PAYLOAD : pathsIn(layout);
  return new PayloadReader(paths, layout?.packed ?? DEFAULT_PACKING, secrets);
}

/** Every fact needs a path, except the expiry, which is that of the key. */
function checkTold(selection: Selection, paths: PayloadLayout, address: string): void {
  const untold = factsOf(selection).filter((fact) => {
    return fact !== "expiresAt" && paths[fact] === undefined;
  });
  if (untold.length === 0) return;
  throw new ImpossibleError(
    `The layout in the config names no place for ${factNames(untold, "or")} (${address})`,
    { hint: "If the sessions contain it, name its path in the backend's layout" },
  );
}

/** Keys of a batch, told apart by what was read of them. */
export interface Chosen {
  readonly meant: readonly Buffer[];
  readonly others: readonly Buffer[];
  /** Whether the cluster sent some keys elsewhere. Those are in neither list. */
  readonly moved: boolean;
}

/** What is known of a session, and its key. */
export interface KeyAnd<Session> {
  readonly key: Buffer;
  readonly session: Session;
}

/** What has been read of keys. */
export interface Read<Session> {
  readonly sessions: readonly KeyAnd<Session>[];
  /** Whether the cluster sent some keys elsewhere. */
  readonly moved: boolean;
}

export class SelectedKeys {
  readonly #context: SelectionContext;
  readonly #isMeant: (candidate: Candidate) => boolean;
  readonly #needsHandle: boolean;
  /** The facts that are needed, and are in the payload. */
  readonly #fromPayload: readonly Fact[];
  /** Reads only those. */
  readonly #neededPayloads: PayloadReader;
  readonly #reader: KeyReader;
  readonly #wholeReader = new KeyReader({ values: true, expiries: true });
  readonly #copyReader = new KeyReader({ values: true, expiries: true, byScript: true });
  /** Keys of this pass whose payload does not tell what the selection needs. */
  #unreadable: DistinctKeys;

  constructor(context: SelectionContext) {
    const { selection, prefixLength } = context;
    const needed = factsOf(selection);
    this.#context = context;
    this.#isMeant = matcherOf(selection);
    this.#needsHandle = selection.some(({ fact }) => fact === "handle");
    this.#fromPayload = needed.filter((fact) => fact !== "expiresAt");
    this.#neededPayloads = context.payloads.only(this.#fromPayload);
    this.#reader = new KeyReader({
      values: this.#fromPayload.length > 0,
      expiries: needed.includes("expiresAt"),
    });
    this.#unreadable = new DistinctKeys(prefixLength);
  }

  /** Begins a pass, which reads all keys again. */
  begin(): void {
    this.#unreadable = new DistinctKeys(this.#context.prefixLength);
  }

  /** Says how many payloads of the last pass did not tell it. */
  report({ onUnreadable }: Pick<LookOptions, "onUnreadable">): void {
    if (this.#unreadable.count > 0) onUnreadable?.(this.#unreadable.count);
  }

  /**
   * Which of the keys are meant. An app may change a session after it was read, and before it is
   * removed: there is no way to lock it.
   * @throws {ImpossibleError} if it takes a payload that is sealed.
   */
  async among(node: RedisNode, keys: readonly Buffer[]): Promise<Chosen> {
    const meant: Buffer[] = [];
    const others: Buffer[] = [];
    const moved = await this.#reader.read(node, keys, (found) => {
      const reading = this.#readingOf(found, this.#neededPayloads);
      const handle = this.#needsHandle ? this.#handleOf(found.key) : "";
      const isMeant = this.#judge(found.key, candidateOf(found, reading, handle));
      (isMeant ? meant : others).push(found.key);
    });
    return { meant, others, moved };
  }

  /**
   * Describes those of the keys that are meant.
   * @param tellsHome See `ListOptions.tellsHome`.
   */
  async describe(
    node: RedisNode,
    keys: readonly Buffer[],
    tellsHome = false,
  ): Promise<Read<SessionInfo>> {
    const sessions: KeyAnd<SessionInfo>[] = [];
    const moved = await this.#wholeReader.read(node, keys, (found) => {
      const { key, value } = found;
      const candidate = candidateOf(
        found,
        this.#readingOf(found, this.#context.payloads),
        this.#handleOf(key),
      );
      if (!this.#judge(key, candidate)) return;
      const size = key.length + (value?.length ?? 0);
      const home = tellsHome && value ? { storedIn: this.#context.payloads.storedIn(value) } : {};
      sessions.push({ key, session: { ...candidate, size, ...home } });
    });
    return { sessions, moved };
  }

  /**
   * Reads those of the keys that are meant, with their payloads.
   * @param onFailed Receives what cannot be copied.
   */
  async readStored(
    node: RedisNode,
    keys: readonly Buffer[],
    onFailed: ReadOptions["onFailed"],
  ): Promise<Read<StoredSession>> {
    const { payloads, prefixLength } = this.#context;
    const sessions: KeyAnd<StoredSession>[] = [];
    const moved = await this.#copyReader.read(node, keys, (found) => {
      const { key } = found;
      if (this.#context.selection.length > 0) {
        const reading = this.#readingOf(found, this.#neededPayloads);
        const handle = this.#needsHandle ? this.#handleOf(key) : "";
        if (!this.#judge(key, candidateOf(found, reading, handle))) return;
      }
      const session = storedSession(found, prefixLength, payloads);
      if (typeof session !== "string") sessions.push({ key, session });
      else onFailed({ handle: this.#handleOf(key), reason: session });
    });
    return { sessions, moved };
  }

  /** @throws {ImpossibleError} if the selection needs a fact of a payload that is sealed. */
  #readingOf({ value }: FoundKey, payloads: PayloadReader): Reading {
    if (value === undefined) return {};
    const { address } = this.#context;
    const reading = value === null ? "unreadable" : payloads.read(value);
    if (this.#fromPayload.length === 0) return reading;
    if (reading === "sealed") throw sealedError(this.#fromPayload, payloads.hasSecret, address);
    return reading;
  }

  #judge(key: Buffer, candidate: Candidate): boolean {
    if (this.#fromPayload.some((fact) => isUntold(candidate, fact))) {
      this.#unreadable.add(key);
    }
    return this.#isMeant(candidate);
  }

  #handleOf(key: Buffer): string {
    return handleOf(key.subarray(this.#context.prefixLength));
  }
}

/** The expiry is that of the key: what the payload says of it does not count for Redis. */
function candidateOf({ expiresAt }: FoundKey, reading: Reading, handle: string): Candidate {
  const facts: Partial<Facts> = typeof reading === "string" ? {} : reading;
  const { user, createdAt, visitedAt, ip, userAgent } = facts;
  return { user, createdAt, visitedAt, expiresAt, ip, userAgent, handle };
}
