/** What a store says to `session:doctor`: situations, each with the finding that it must lead to. */
import { deepStrictEqual, doesNotMatch, match, ok, strictEqual } from "node:assert/strict";
import type { Backend } from "../../src/backends/contract.ts";
import type {
  CheckStatus,
  DiagnosisOptions,
  StoreCheckId,
  StoreFinding,
} from "../../src/backends/diagnosis.ts";

export type Options = Partial<Pick<DiagnosisOptions, "ttl" | "otherPrefixes" | "now">>;

export type Findings = ReadonlyMap<StoreCheckId, StoreFinding>;

/** A situation on a real server, and what one check must find there. */
export interface Situation {
  readonly id: StoreCheckId;
  readonly status: CheckStatus;
  readonly evidence: RegExp;
  /** What the finding says to do; undefined if the general fix must do. */
  readonly fix?: string | RegExp;
  readonly options?: Options;
  /** Brings the server into the situation, and returns what brings it back. */
  begin?(): Promise<() => unknown>;
  /** Another way to the server than the usual one. */
  readonly backend?: () => Backend;
}

/** The findings of the way to a server. */
export async function reached(backend: Backend, options: Options = {}): Promise<Findings> {
  const { findings, ...diagnosis } = collecting(options);
  await backend.reach?.(diagnosis);
  return findings;
}

/** All findings of a store. They must come soon, whatever is in it. */
export async function diagnosed(backend: Backend, options: Options = {}): Promise<Findings> {
  const { findings, ...diagnosis } = collecting(options);
  await backend.reach?.(diagnosis);
  await using store = await backend.connect(diagnosis.signal);
  await store.diagnose?.(diagnosis);
  return findings;
}

/** The passwords, ids and payloads of the tests. */
const SECRET = /hunter2|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}|\{"user_id"/;

function collecting(
  options: Options,
): DiagnosisOptions & { findings: Map<StoreCheckId, StoreFinding> } {
  const findings = new Map<StoreCheckId, StoreFinding>();
  return {
    signal: new AbortController().signal,
    ttl: options.ttl ?? 3_600_000,
    otherPrefixes: options.otherPrefixes ?? new Map(),
    now: options.now ?? (() => new Date()),
    findings,
    onFinding(finding) {
      doesNotMatch(`${finding.evidence} ${finding.fix}`, SECRET);
      findings.set(finding.id, finding);
    },
  };
}

/** Runs situations one after the other, on a server that is sound in between. */
export async function tryAll(
  t: Deno.TestContext,
  usual: () => Backend,
  situations: readonly Situation[],
): Promise<void> {
  for (const situation of situations) {
    const { id, status, begin, options = {}, backend = usual } = situation;
    await t.step(`${id}: ${status}, ${situation.evidence.source}`, async () => {
      const end = await begin?.();
      try {
        const { findings, ...diagnosis } = collecting(options);
        await backend().reach?.(diagnosis);
        const store = await backend().connect(diagnosis.signal).catch(() => undefined);
        await store?.diagnose?.(diagnosis);
        await store?.[Symbol.asyncDispose]();
        check(findings.get(id), situation);
      } finally {
        await end?.();
      }
    });
  }
}

function check(found: StoreFinding | undefined, { status, evidence, fix }: Situation): void {
  ok(found !== undefined, "there is no finding");
  match(found.evidence, evidence);
  strictEqual(found.status, status, found.evidence);
  if (fix instanceof RegExp) match(found.fix ?? "", fix);
  else strictEqual(found.fix, fix);
}

/** A sound server: every check of these is well. */
export function allWell(findings: Findings, ids: readonly StoreCheckId[]): void {
  const statuses = [...findings.values()].map(({ id, status, evidence }) => {
    return status === "ok" ? id : `${id}: ${status}, ${evidence}`;
  });
  deepStrictEqual(statuses.sort(), [...ids].sort());
}
