/**
 * Which commands the Redis user may run. Each is tried on a key that does not exist, because users
 * who may not run ACL must be checked, too.
 */
import { Buffer } from "node:buffer";
import { type Check, failure, ok, once, type Outcome, warning } from "../../checks.ts";
import { ErrorReply } from "../connection.ts";
import { isUnknownCommand, type RedisNode, textOf } from "../node.ts";
import type { RedisSessions } from "../store.ts";
import { saysMoved } from "../topology.ts";
import type { KeySpace } from "../walk.ts";

/** A command that azu needs, and what replaces it on servers that do not have it. */
type Needed = "SCAN" | "MGET" | "PEXPIRETIME" | "PEXPIRE" | "UNLINK" | "PUBLISH";

/** What a server says to a command: it may be run, it may not, or it refuses for another reason. */
type Answer = "allowed" | "denied" | "no key" | { readonly refusal: string };

type Answers = ReadonlyMap<string, Answer>;

export function rightsChecks(
  masters: () => Promise<readonly RedisNode[]>,
  keys: KeySpace,
  { keyPrefix, channel }: RedisSessions,
  user: string,
): Check[] {
  const answers = once(async () => {
    const all = await Promise.all((await masters()).map((node) => tried(node, keys, channel)));
    return all.reduce(worse);
  });
  const judge = async (needed: readonly Needed[]): Promise<NonNullable<Outcome>> => {
    return judged(await answers(), needed, { user, keyPrefix, channel });
  };
  const isTold = channel === undefined ? [] : ["PUBLISH"] as const;
  return [
    ["rights.list", () => judge(["SCAN", "MGET", "PEXPIRETIME"])],
    ["rights.revoke", () => judge(["SCAN", "MGET", "PEXPIRETIME", "UNLINK", ...isTold])],
    ["rights.clear", () => judge(["SCAN", "UNLINK", ...isTold])],
    ["rights.sweep", async () => {
      const sweep = await judge(["SCAN", "PEXPIRETIME"]);
      const repair = await judge(["SCAN", "PEXPIRETIME", "PEXPIRE"]);
      // Redis removes expired keys itself, so only --fix-ttl changes anything.
      if (sweep.status === "failure" || repair.status === "ok") return sweep;
      return warning(`${repair.evidence}, which --fix-ttl needs`, repair.fix);
    }],
  ];
}

async function tried(
  node: RedisNode,
  { prefix }: KeySpace,
  channel: string | undefined,
): Promise<Answers> {
  const none = Buffer.concat([prefix, Buffer.from(`azu-${crypto.randomUUID()}`)]);
  const answers = new Map<string, Answer>();
  const attempt = async (name: string, ...args: (string | number | Buffer)[]) => {
    const answer = await answerTo(node.connection.call(name, ...args));
    if (answer !== undefined) answers.set(name, answer);
    return answer !== undefined;
  };
  await attempt("SCAN", "0", "MATCH", none, "COUNT", 1);
  await attempt("MGET", none);
  // Servers before Redis 7 have no PEXPIRETIME, and those before Redis 4 no UNLINK.
  if (!await attempt("PEXPIRETIME", none)) {
    await attempt("PTTL", none);
    await attempt("TIME");
  }
  await attempt("PEXPIRE", none, 1000);
  if (!await attempt("UNLINK", none)) await attempt("DEL", none);
  if (channel !== undefined) {
    // A message would reach the app's nodes. If the user may not ask, it is not known.
    const dry = await node.connection.call("ACL", "WHOAMI").then(async (user) => {
      return textOf(
        await node.connection.call("ACL", "DRYRUN", textOf(user), "PUBLISH", channel, ""),
      );
    }).catch((error: unknown) => {
      if (!(error instanceof ErrorReply)) throw error;
      return "OK";
    });
    answers.set("PUBLISH", dry === "OK" ? "allowed" : "denied");
  }
  return answers;
}

/** @returns undefined if the server does not have the command. */
async function answerTo(reply: Promise<unknown>): Promise<Answer | undefined> {
  try {
    await reply;
    return "allowed";
  } catch (error) {
    if (!(error instanceof ErrorReply)) throw error;
    if (isUnknownCommand(error)) return undefined;
    if (saysMoved(error)) return "allowed";
    if (error.code !== "NOPERM") return { refusal: error.code };
    return /\bkeys?\b/.test(error.message) && !/to run the/.test(error.message)
      ? "no key"
      : "denied";
  }
}

/** The answers of two servers: each command's worst. */
function worse(some: Answers, others: Answers): Answers {
  const all = new Map(some);
  for (const [name, answer] of others) {
    if (answer !== "allowed") all.set(name, answer);
  }
  return all;
}

/** The commands that stand for another one on an older server. */
const INSTEAD: Readonly<Record<string, readonly string[]>> = {
  PEXPIRETIME: ["PTTL", "TIME"],
  UNLINK: ["DEL"],
};

function judged(
  answers: Answers,
  needed: readonly Needed[],
  { user, keyPrefix, channel }: {
    readonly user: string;
    readonly keyPrefix: string;
    readonly channel: string | undefined;
  },
): NonNullable<Outcome> {
  const commands = needed.flatMap((name) => answers.has(name) ? [name] : INSTEAD[name] ?? [name]);
  const denied = commands.filter((name) => answers.get(name) === "denied");
  const keyless = commands.filter((name) => answers.get(name) === "no key");
  const refused = commands.flatMap((name) => {
    const answer = answers.get(name);
    return typeof answer === "object" ? [`${name} (${answer.refusal})`] : [];
  });
  if (denied.length === 0 && keyless.length === 0) {
    return refused.length === 0
      ? ok(`the user ${user} may run ${commands.join(", ")}`)
      : failure(`the server refuses ${refused.join(", ")}`, "Look at the server's log");
  }
  const rights = [
    ...denied.map((name) => `+${name.toLowerCase()}`),
    ...(denied.includes("PUBLISH") ? [quoted(`&${channel}`)] : []),
    quoted(`~${literalPattern(keyPrefix)}*`),
  ];
  const fix = `ACL SETUSER ${quoted(user)} ${rights.join(" ")}`;
  return denied.length > 0
    ? failure(`the user ${user} may not run ${denied.join(", ")}`, fix)
    : failure(
      `the user ${user} may not use keys under the prefix with ${keyless.join(", ")}`,
      fix,
    );
}

/** A pattern of an ACL that matches only this text. */
function literalPattern(text: string): string {
  return text.replace(/[\\*?[\]]/g, "\\$&");
}

/** A word as redis-cli takes it. */
function quoted(word: string): string {
  return /^[\w:~&*+.{}-]+$/.test(word) ? word : JSON.stringify(word);
}
