/** Copies between two stores, one of which is behind a network that fails. */
import { deepStrictEqual, doesNotMatch, ok, strictEqual } from "node:assert/strict";
import type { Backend } from "../../src/backends/contract.ts";
import { bindBackend } from "../../src/backends/registry.ts";
import { copySessions } from "../../src/commands/session_copy/copy.ts";
import { type CopyReport, written } from "../../src/commands/session_copy/types.ts";
import { context } from "../backends/subject.ts";
import { type End, type Kept, type Look, lookOf } from "../cli/session_copy/ends.ts";
import { type Fault, type FaultProxy, faultProxy } from "../support/network/fault_proxy.ts";
import type { Protocol } from "../support/network/requests.ts";
import { tempDir } from "../support/temp.ts";

const NOW = Date.now();
const HOUR = 3_600_000;

/** What the id of each session begins with: no other text contains it. */
const ID = "qzqz-";

export const SESSIONS = 120;

function session(name: string, visitedAt: number): Kept {
  const visit = new Date(visitedAt).toISOString();
  const payload = `{"session_id":"${name}","visited_at":"${visit}","note":"${"x".repeat(100)}"}`;
  return { payload, visitedAt, expiresAt: visitedAt + 6 * HOUR };
}

function sessions(count: number, visitedAt: number): Record<string, Kept> {
  return Object.fromEntries(
    Array.from({ length: count }, (_, index) => {
      return [`${ID}${index}`, session(`${ID}${index}`, visitedAt)] as const;
    }),
  );
}

/** The sessions of the source, and those of the target before: a third, in an earlier version. */
export const ALL = sessions(SESSIONS, NOW - HOUR);
export const BEFORE = sessions(SESSIONS / 3, NOW - 2 * HOUR);

/** What an earlier copy has put at the target, and has ended at the source since. */
const ENDED = Object.fromEntries(
  Array.from({ length: 40 }, (_, index) => {
    return [`${ID}ended${index}`, session(`${ID}ended${index}`, NOW - HOUR)] as const;
  }),
);

/** Which end fails, and how it is reached. */
export interface Way {
  readonly failing: "source" | "target";
  readonly protocol: Protocol;
}

export interface CopySubject extends AsyncDisposable {
  readonly source: End;
  readonly target: End;
  readonly way: Way;
}

/** Milliseconds after which a copy is interrupted, and in which every copy must end. */
const [INTERRUPT, BOUND] = [16_000, 25_000];
/** Milliseconds from the loss of the store for good to the interruption. */
const SOON = 1000;

function backendOf({ entry }: End, port?: number): Backend {
  const { type, ...options } = entry;
  const url = new URL(String(options["url"]));
  if (port !== undefined) url.port = `${port}`;
  if (/^postgres/.test(url.protocol)) url.searchParams.set("sslmode", "disable");
  if (/^mysql/.test(url.protocol)) url.searchParams.set("ssl-mode", "disabled");
  return bindBackend(String(type), { ...options, url: url.href }, context);
}

export async function refill({ source, target }: CopySubject): Promise<void> {
  const missing = Object.keys(ALL).length - Object.keys(await source.look()).length;
  if (missing > 0) await source.write(ALL);
  await target.remove(...Object.keys(await target.look()));
  await target.write(BEFORE);
}

async function copy(
  { source, target, way }: CopySubject,
  ledger: string,
  proxy?: FaultProxy,
  forGood = false,
): Promise<CopyReport> {
  const abort = new AbortController();
  const timer = setInterval(() => {
    if (!forGood || proxy?.happened) abort.abort(new Error("Ctrl-C"));
  }, forGood ? SOON : INTERRUPT);
  try {
    return await copySessions({
      source: backendOf(source, way.failing === "source" ? proxy?.port : undefined),
      target: backendOf(target, way.failing === "target" ? proxy?.port : undefined),
      signal: abort.signal,
      selection: [],
      dryRun: false,
      restoreRemoved: false,
      removeEnded: true,
      homes: { names: ["source", "target"], old: "source" },
      removeMost: true,
      ledger,
      budget: { batch: 30 },
      timeout: 5000,
      now: () => new Date(),
      onPhase() {},
      onProgress() {},
      onEnded() {},
      onFailed() {},
      onSlow() {},
    });
  } finally {
    clearInterval(timer);
  }
}

/** Fills both ends for a copy that also removes what has ended. */
async function prepare(subject: CopySubject, ledger: string): Promise<void> {
  const { source, target } = subject;
  await source.remove(...Object.keys(await source.look()));
  await target.remove(...Object.keys(await target.look()));
  await source.write(ENDED);
  const { outcome, error } = await copy(subject, ledger);
  strictEqual(outcome, "copied", error?.message);
  await source.remove(...Object.keys(ENDED));
  await source.write(ALL);
  await target.write(BEFORE);
}

/** Takes what has ended out of what a target has. @returns the rest, and how many are gone. */
function withoutEnded(target: Look, where: string): { readonly rest: Look; readonly gone: number } {
  const ended = lookOf(ENDED);
  const rest = Object.entries(target).filter(([id, found]) => {
    if (id in ended) deepStrictEqual(found, ended[id], where);
    return !(id in ended);
  });
  const gone = Object.keys(ENDED).length + rest.length - Object.keys(target).length;
  return { rest: Object.fromEntries(rest), gone };
}

/** The length of the conversation of an undisturbed copy. */
export async function conversationOf(subject: CopySubject): Promise<FaultProxy["sent"]> {
  await using folder = await tempDir();
  await prepare(subject, `${folder.path}/ledger`);
  const { source, target, way } = subject;
  const failing = way.failing === "source" ? source : target;
  await using proxy = faultProxy(portOf(failing), way.protocol);
  const { outcome, error } = await copy(subject, `${folder.path}/ledger`, proxy);
  strictEqual(outcome, "copied", error?.message);
  return { ...proxy.sent };
}

function portOf({ entry }: End): number {
  return Number(new URL(String(entry["url"])).port);
}

/** How many sessions of the target are not as they were before. None may be only half there. */
export function changedIn(target: Look, where: string): number {
  const [all, before] = [lookOf(ALL), lookOf(BEFORE)];
  let changed = 0;
  for (const [id, found] of Object.entries(target)) {
    const isOld = JSON.stringify(found) === JSON.stringify(before[id]);
    if (!isOld) deepStrictEqual(found, all[id], where);
    if (!isOld) changed++;
  }
  for (const id of Object.keys(before)) ok(id in target, where);
  return changed;
}

/**
 * Copies with one fault. The counts must be true, no session may be half there, and another run
 * must finish the copy.
 */
export async function copyWithFault(subject: CopySubject, fault: Fault): Promise<string> {
  const { source, target, way } = subject;
  await using folder = await tempDir();
  const ledger = `${folder.path}/ledger`;
  await prepare(subject, ledger);
  const failing = way.failing === "source" ? source : target;
  await using proxy = faultProxy(portOf(failing), way.protocol, fault);
  const begin = performance.now();
  const report = await copy(subject, ledger, proxy, fault.forGood);
  const time = performance.now() - begin;
  const where = `${JSON.stringify(fault)}: ${JSON.stringify(report)} ${report.error?.message}`;
  ok(time < BOUND, `${Math.round(time)} ms, ${where}`);
  doesNotMatch(Deno.inspect(report.error, { depth: 9 }), new RegExp(ID), where);
  const { rest, gone } = withoutEnded(await target.look(), where);
  const changed = changedIn(rest, where);
  const told = written(report.counts);
  ok(told <= changed && changed <= told + report.inDoubt, `${changed} are changed, ${where}`);
  const { removed = 0, inDoubt = 0 } = report.ended ?? {};
  ok(removed <= gone && gone <= removed + inDoubt, `${gone} are gone, ${where}`);
  if (report.outcome === "copied") deepStrictEqual(await target.look(), lookOf(ALL), where);
  deepStrictEqual(await source.look(), lookOf(ALL), where);
  const again = await copy(subject, ledger);
  strictEqual(again.outcome, "copied", `${again.error?.message}, ${where}`);
  deepStrictEqual([written(again.counts), again.counts.removed], [SESSIONS - changed, 0], where);
  deepStrictEqual(await target.look(), lookOf(ALL), where);
  return report.outcome;
}
