/** Checks that the store makes. */
import { storeChecks } from "../../backends/diagnosis.ts";
import { ttlOf } from "../../config/session_defaults.ts";
import type { Group } from "./doctor.ts";
import { isCheckId } from "./checks.ts";

export const storeGroup: Group = {
  ids: Object.keys(storeChecks).filter(isCheckId),
  async run(context, report) {
    const { config } = await context.project();
    const { backend } = await context.choice();
    const options = {
      signal: context.signal,
      ttl: ttlOf(config),
      otherPrefixes: new Map<string, string>(),
      now: () => context.io.now(),
      onFinding: report,
    };
    await backend.reach?.(options);
    const store = await context.store();
    await store.diagnose?.(options);
  },
};
