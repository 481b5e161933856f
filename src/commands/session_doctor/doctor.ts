/** What `session:doctor` does: runs groups of checks, of which none can keep another from running. */
import { messageOf } from "../../core/errors.ts";
import { within } from "../../core/within.ts";
import { type CheckId, checkIds, checks, type Finding } from "./checks.ts";
import type { DoctorContext } from "./context.ts";

/** Checks that share what they look at. */
export interface Group {
  readonly ids: readonly CheckId[];
  /**
   * Makes its checks. What it does not report is skipped.
   * @param report Receives each finding.
   */
  run(context: DoctorContext, report: (finding: Finding) => void): Promise<void>;
}

/** Milliseconds for all checks of a group. */
const LIMIT = 10_000;

/**
 * Makes checks, and returns their findings in the order of {@linkcode checkIds}. It does not throw.
 * @param wanted The checks that were asked for.
 */
export async function examine(
  groups: readonly Group[],
  context: DoctorContext,
  wanted: ReadonlySet<CheckId>,
): Promise<readonly Finding[]> {
  const found = new Map<CheckId, Finding>();
  const due = groups.filter(({ ids }) => ids.some((id) => wanted.has(id)));
  await Promise.all(due.map(async (group) => {
    let isOver = false;
    const report = (finding: Finding) => {
      if (!isOver) found.set(finding.id, completed(finding));
    };
    const reason = await outcomeOf(group, context, report);
    isOver = true;
    for (const id of group.ids) {
      if (!found.has(id)) found.set(id, { id, status: "skipped", evidence: reason });
    }
  }));
  return checkIds.filter((id) => wanted.has(id)).map((id) => {
    return found.get(id) ?? { id, status: "skipped", evidence: "it does not apply here" };
  });
}

/** @returns why checks of the group that have no finding were not made. */
async function outcomeOf(
  group: Group,
  context: DoctorContext,
  report: (finding: Finding) => void,
): Promise<string> {
  const late = () => new Error(`it took longer than ${LIMIT / 1000} s`);
  try {
    const { signal } = context;
    await within(group.run(context, report), { ms: LIMIT, signal, late });
    return "it does not apply here";
  } catch (error) {
    return context.signal.aborted ? "interrupted" : messageOf(error);
  }
}

/** With the general fix, if there is something to fix and the check has said nothing else. */
function completed(finding: Finding): Finding {
  const isWell = finding.status === "ok" || finding.status === "skipped";
  if (isWell || finding.fix !== undefined) return finding;
  return { ...finding, fix: checks[finding.id].fix };
}
