/** The line on stdout and the last one on stderr tell the same, where not all is known. */
import { deepStrictEqual } from "node:assert/strict";
import type { ClearReport } from "../../../src/commands/session_clear/types.ts";
import {
  clearedThen,
  interruptionLine,
  restOf,
} from "../../../src/cli/commands/session_clear/report.ts";

const report = (cleared: number, isUncertain: boolean): ClearReport => ({
  ...{ outcome: "interrupted", cleared, remaining: undefined, arrived: undefined, lookAlikes: [] },
  doubts: [],
  unreadable: 0,
  cutOff: { begun: true, isUncertain, total: 10 },
});

for (
  const [cleared, isUncertain, line, rest] of [
    [5, true, "Cleared at least 5 session(s), then interrupted", "At least 5 session(s) are gone"],
    [5, false, "Cleared 5 session(s), then interrupted", "5 session(s) are gone"],
    [
      0,
      true,
      "Interrupted; no session is known to be gone",
      "No session is known to be gone",
    ],
    [0, false, "Cleared 0 session(s), then interrupted", "No session is gone"],
  ] as const
) {
  Deno.test(`both say the same: ${line}`, () => {
    const one = report(cleared, isUncertain);
    deepStrictEqual([interruptionLine(one), restOf(one)?.split(";")[0]], [line, rest]);
  });
}

Deno.test("so does the line of a failure", () => {
  deepStrictEqual(
    clearedThen(report(3, true), "failed"),
    "Cleared at least 3 session(s), then failed",
  );
});
