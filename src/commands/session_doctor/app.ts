/** Checks of the app's source: does it use its sessions as setup would have it? */
import { basename } from "node:path";
import { INITIALIZER, readAppFile, SHARD_FILE } from "../../app/app.ts";
import { HANDLER } from "../../app/source/handlers.ts";
import { codeOf } from "../../app/crystal/code.ts";
import { listed } from "../../core/text.ts";
import { surveyOf } from "../session_setup/integration.ts";
import { planSetup, type SetupPlan } from "../session_setup/plan.ts";
import type { Finding } from "./checks.ts";
import type { Group } from "./doctor.ts";

export const appGroup: Group = {
  ids: [
    "app.required",
    "app.handler",
    "app.shard-handler",
    "app.generated",
    "app.shards",
    "lifetime.agrees",
  ],
  async run(context, report) {
    const { root } = context;
    const source = await readAppFile(root, INITIALIZER);
    if (source === undefined) {
      report({
        id: "app.generated",
        status: "failure",
        evidence: `there is no ${INITIALIZER}`,
        fix: "azu session:setup",
      });
      throw new Error(`there is no ${INITIALIZER}`);
    }
    const project = await context.project();
    const survey = await surveyOf(root, project.app ?? basename(root));
    for (const finding of integrationFindings(survey)) report(finding);
    const plan = await planSetup(project, {
      backend: undefined,
      force: false,
      apply: false,
      now: context.io.now(),
    });
    report(generated(plan));
    report(await shards(root, plan));
    report(lifetime(plan));
  },
};

function integrationFindings(
  { required, uses, main, module, handlers }: Awaited<ReturnType<typeof surveyOf>>,
): Finding[] {
  const own = uses.filter(({ whose }) => whose === "own");
  const shard = uses.filter(({ whose }) => whose === "shard");
  const last = handlers?.at(-1);
  const isLast = last === undefined || last.includes(HANDLER);
  const [use] = own;
  return [
    required ? { id: "app.required", status: "ok", evidence: "by a source file of the app" } : {
      id: "app.required",
      status: "failure",
      evidence: `no source file requires ${INITIALIZER}${
        main === undefined ? "" : `, nor does ${main.path}`
      }`,
    },
    use === undefined
      ? {
        id: "app.handler",
        status: "failure",
        evidence: `nothing calls ${module}::${HANDLER}.new`,
        ...(shard.length === 0 ? {} : { fix: replacement(shard, module) }),
      }
      : isLast
      ? { id: "app.handler", status: "ok", evidence: `${use.path}, line ${use.line}` }
      : {
        id: "app.handler",
        status: "warning",
        evidence: `${use.path}, line ${use.line}: it is not the last one, ${last} is`,
        fix: "Move it to the end of the list: handlers behind it run with the session",
      },
    {
      id: "app.shard-handler",
      status: shard.length === 0 ? "ok" : "failure",
      evidence: shard.length === 0
        ? "no source file uses it"
        : shard.map(({ path, line, call }) => `${path}, line ${line}: ${call}`).join("; "),
      ...(shard.length === 0 ? {} : {
        fix: use === undefined
          ? replacement(shard, module)
          : "Remove it: the app's own handler is there, too",
      }),
    },
  ];
}

/** How the shard's handler becomes the app's own. */
function replacement(
  shard: readonly { readonly path: string; readonly line: number; readonly call: string }[],
  module: string,
): string {
  return shard.map(({ path, line, call }) => {
    return `In ${path}, line ${line}, replace ${call} with ${module}::${HANDLER}.new`;
  }).join("; ");
}

function generated({ files }: SetupPlan): Finding {
  const id = "app.generated";
  const file = files.find(({ path }) => path === INITIALIZER);
  if (file?.action === "unchanged") return { id, status: "ok", evidence: INITIALIZER };
  const [before, after] = [file?.before ?? "", file?.after ?? ""].map((text) => text.split("\n"));
  const differing = after?.filter((line) => !before?.includes(line)).length ?? 0;
  return {
    id,
    status: "warning",
    evidence:
      `${INITIALIZER} differs from what azu writes now: ${differing} line(s) are not in it. ` +
      "It was edited, the config has changed, or another version wrote it",
  };
}

async function shards(root: string, { files }: SetupPlan): Promise<Finding> {
  const id = "app.shards";
  const file = files.find(({ path }) => path === SHARD_FILE);
  if (file === undefined) return { id, status: "failure", evidence: `there is no ${SHARD_FILE}` };
  const { shardDependencies } = await import("../../app/shard.ts");
  const [present, wanted] = [file.before ?? "", file.after].map(shardDependencies);
  const missing = wanted?.filter((name) => !present?.includes(name)) ?? [];
  if (missing.length > 0) {
    return { id, status: "failure", evidence: `${SHARD_FILE} lacks ${listed(missing, "and")}` };
  }
  const lock = await readAppFile(root, "shard.lock");
  if (lock === undefined) {
    return {
      id,
      status: "warning",
      evidence: "there is no shard.lock: other versions may be deployed than were tested",
      fix: "shards install",
    };
  }
  const needed = [
    "session",
    ...present?.filter((name) => /^(?:redis|pg|mysql|sqlite3)$/.test(name)) ?? [],
  ];
  const unlocked = needed.filter((name) => !new RegExp(`^ {2}${name}:`, "m").test(lock));
  if (unlocked.length > 0) {
    return {
      id,
      status: "failure",
      evidence: `shard.lock lacks ${listed(unlocked, "and")}`,
      fix: "shards install",
    };
  }
  return {
    id,
    status: "ok",
    evidence: `${SHARD_FILE} and shard.lock have ${listed(needed, "and")}`,
  };
}

/** The settings of the lifetime, as setup writes them. */
const SETTINGS = ["timeout", "sliding_expiration"];

function lifetime({ files }: SetupPlan): Finding {
  const id = "lifetime.agrees";
  const file = files.find(({ path }) => path === INITIALIZER);
  const texts = SETTINGS.map((name) => {
    return [name, valueOf(file?.before ?? "", name), valueOf(file?.after ?? "", name)] as const;
  });
  const differing = texts.filter(([, before, after]) => before !== after);
  if (differing.length === 0) {
    const [[, value = ""] = []] = texts;
    return { id, status: "ok", evidence: `config and initializer: ${value}` };
  }
  const unknown = differing.every(([, before]) => before === undefined);
  return {
    id,
    status: unknown ? "warning" : "failure",
    fix: differing.map(([name, , after]) => `config.${name} = ${after}`).join(", ") +
      ` in ${INITIALIZER}, and deploy; or correct azu.config.ts`,
    evidence: differing.map(([name, before = "nothing that azu can read", after]) => {
      return `config.${name}: the initializer says ${before}, the config ${after}`;
    }).join("; "),
  };
}

/** What the code assigns to a setting of the shard. */
function valueOf(source: string, name: string): string | undefined {
  const code = codeOf(source);
  const match = new RegExp(`\\bconfig\\.${name}\\s*=\\s*([^\\n]+)`, "d").exec(code ?? "");
  const [from, to] = match?.indices?.[1] ?? [];
  return from === undefined ? undefined : source.slice(from, to).trim();
}
