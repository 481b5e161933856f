/** Checks of the config, and of how it fits the app. */
import { join } from "node:path";
import { INITIALIZER, SHARD_FILE } from "../../app/app.ts";
import { Problems } from "../../core/errors.ts";
import { isRecord } from "../../core/record.ts";
import { listed, printable } from "../../core/text.ts";
import { namedByText } from "../../config/project.ts";
import type { DoctorContext } from "./context.ts";
import type { Group } from "./doctor.ts";
import { modeOf, settled } from "./files.ts";

export const configGroup: Group = {
  ids: [
    "config.valid",
    "config.environment",
    "config.agrees",
    "config.unread-url",
    "config.writable",
  ],
  async run(context, report) {
    report(await writable(context));
    const loaded = await settled(context.project());
    if (!("value" in loaded)) {
      const { error } = loaded;
      const [first = "", ...others] = error instanceof Problems ? error.problems : [error.message];
      const more = others.length === 0 ? "" : `; and ${others.length} more`;
      return report({ id: "config.valid", status: "failure", evidence: `${first}${more}` });
    }
    const project = loaded.value;
    const { configPath, environment, environments, warnings } = project;
    report({
      id: "config.valid",
      status: "ok",
      evidence: configPath ?? "there is no azu.config.ts, so the defaults apply",
    });
    const name = printable(environment.name);
    const [unknown] = warnings;
    report(
      unknown !== undefined
        ? { id: "config.environment", status: "failure", evidence: unknown }
        : environment.namedBy === undefined && environments.length > 0
        ? {
          id: "config.environment",
          status: "warning",
          evidence: `nothing names one, so this is ${name}; the config also knows ` +
            listed(
              environments.filter((other) => other !== environment.name).map(printable),
              "and",
            ),
        }
        : {
          id: "config.environment",
          status: "ok",
          evidence: `${name} (${namedByText(environment)})`,
        },
    );
    const chosen = await settled(context.choice());
    if (!("value" in chosen)) {
      const evidence = [chosen.error.message, ...chosen.error.details].join(" ");
      return report({ id: "config.agrees", status: "failure", evidence });
    }
    const { backend, warnings: differences, decidedByText } = chosen.value;
    const [difference] = differences;
    report(
      difference === undefined
        ? { id: "config.agrees", status: "ok", evidence: `${backend.name} (${decidedByText})` }
        : { id: "config.agrees", status: "failure", evidence: differences.join("; ") },
    );
    const entry: unknown = project.config.session?.backends?.[backend.name];
    const [variable] = backend.setup?.variables ?? [];
    const isUnread = isRecord(entry) && entry["url"] !== undefined && variable !== undefined;
    if (variable === undefined) return;
    report({
      id: "config.unread-url",
      status: isUnread ? "warning" : "ok",
      evidence: isUnread
        ? `only azu reads session.backends.${backend.name}.url: the app reads ${variable.name}`
        : `the URL comes from ${variable.name}`,
      ...(isUnread
        ? { fix: `Set ${variable.name} to the same value, and remove url from azu.config.ts` }
        : {}),
    });
  },
};

/** The files that decide what azu and the app do. */
async function writable({ root }: DoctorContext) {
  const names = ["azu.config.ts", ".env", INITIALIZER, SHARD_FILE];
  const modes = await Promise.all(names.map(async (name) => {
    return { name, mode: await modeOf(join(root, name)) ?? 0 };
  }));
  const byOthers = modes.filter(({ mode }) => mode & 0o002).map(({ name }) => name);
  const byGroup = modes.filter(({ mode }) => mode & 0o020).map(({ name }) => name);
  const id = "config.writable";
  if (byOthers.length > 0) {
    return {
      id,
      status: "failure",
      evidence: `everybody can write ${listed(byOthers, "and")}`,
      fix: `chmod go-w ${byOthers.join(" ")}`,
    } as const;
  }
  if (byGroup.length > 0) {
    return {
      id,
      status: "warning",
      evidence: `the group can write ${listed(byGroup, "and")}`,
      fix: `chmod go-w ${byGroup.join(" ")}`,
    } as const;
  }
  return { id, status: "ok", evidence: "only their owner can write them" } as const;
}
