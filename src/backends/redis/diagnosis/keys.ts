/** What a sample of the keys says: lifetimes, other prefixes, and what is no session. */
import { type Check, failure, number, ok, type Outcome, warning } from "../../checks.ts";
import type { DiagnosisOptions } from "../../diagnosis.ts";
import { durationText, roughly } from "../../../core/duration.ts";
import { listed, printable } from "../../../core/text.ts";
import type { KeySample } from "./sample.ts";

export function keyChecks(
  sample: () => Promise<KeySample>,
  keyPrefix: string,
  options: DiagnosisOptions,
): Check[] {
  return [
    ["redis.endless", async () => endlessCheck(await sample())],
    ["redis.ttl", async () => ttlCheck(await sample(), options)],
    ["redis.prefixes", async () => prefixCheck(await sample(), keyPrefix, options.otherPrefixes)],
    ["redis.look-alikes", async () => lookAlikeCheck(await sample(), options.otherPrefixes)],
    ["redis.stray", async () => strayCheck(await sample())],
  ];
}

/** From this share on, it is how the app saves sessions, and not an accident. */
const MOST = 0.5;

function endlessCheck({ expiries }: KeySample): Outcome {
  const endless = expiries.filter((expiry) => expiry === null).length;
  if (endless === 0) return ok(`all of ${number(expiries.length)} keys looked at have a TTL`);
  const evidence = `${number(endless)} of ${number(expiries.length)} keys looked at never expire`;
  return endless >= expiries.length * MOST
    ? failure(`${evidence}: they fill the memory`)
    : warning(evidence);
}

/** Milliseconds by which the clocks may differ, so that a TTL looks longer than it is. */
const CLOCK = 60_000;

function ttlCheck({ expiries }: KeySample, { ttl, now }: DiagnosisOptions): Outcome {
  const start = now().getTime();
  const left = expiries.filter((expiry) => expiry !== null).map((expiry) => expiry - start);
  const long = left.filter((milliseconds) => milliseconds > ttl + CLOCK);
  const stated = `session.ttl (${durationText(ttl)})`;
  if (long.length === 0) {
    return ok(`none of ${number(left.length)} keys looked at has more left than ${stated}`);
  }
  const evidence = `${number(long.length)} of ${number(left.length)} keys looked at have more ` +
    `left than ${stated}: up to ${roughly(Math.max(...long))}`;
  return long.length >= left.length * MOST ? failure(evidence) : warning(evidence);
}

/** A prefix that is written twice: `shop:session:shop:session:` */
const DOUBLED = /^(.+)\1$/s;

function prefixCheck(
  { ours, others }: KeySample,
  keyPrefix: string,
  otherPrefixes: ReadonlyMap<string, string>,
): Outcome {
  const shown = (prefix: string) => printable(prefix);
  const again = ours.filter((key) => key.toString().startsWith(keyPrefix + keyPrefix)).length;
  if (DOUBLED.test(keyPrefix)) return warning(`${shown(keyPrefix)} is one prefix written twice`);
  if (again > 0) {
    return warning(
      `${number(again)} of ${number(ours.length)} keys looked at have the prefix twice`,
      "Look for a second prefix in the initializer: the store adds it itself",
    );
  }
  const harmful: string[] = [];
  const doubtful: string[] = [];
  for (const [environment, prefix] of otherPrefixes) {
    const named = `${shown(prefix)} of ${printable(environment)}`;
    const startsSo = (key: { toString(): string }) => key.toString().startsWith(prefix);
    if (prefix === keyPrefix) {
      doubtful.push(`it is also the prefix of ${printable(environment)}`);
    } else if (prefix.startsWith(keyPrefix)) {
      const found = ours.filter(startsSo).length;
      if (found > 0) harmful.push(`${number(found)} keys looked at are under ${named}, too`);
      else doubtful.push(`it contains ${named}`);
    } else if (keyPrefix.startsWith(prefix)) {
      const found = others.filter(startsSo).length;
      if (found > 0) harmful.push(`this server has keys under ${named}, which contains it`);
      else doubtful.push(`${named} contains it`);
    }
  }
  if (harmful.length > 0) {
    return failure(`${listed(harmful, "and")}: clearing one environment clears the other`);
  }
  if (doubtful.length > 0) {
    return warning(
      `${listed(doubtful, "and")}: on one server, clearing one environment would clear the other`,
    );
  }
  return ok(`${shown(keyPrefix)} is used by no other environment`);
}

/** Prefixes that are named; there may be any number. */
const NAMED = 3;

function lookAlikeCheck(
  { ours, lookedAt, isWhole, lookAlikes }: KeySample,
  otherPrefixes: ReadonlyMap<string, string>,
): Outcome {
  const known = [...otherPrefixes.values()];
  const found = lookAlikes.list().filter(({ pattern }) => {
    return !known.some((prefix) => pattern.startsWith(prefix));
  });
  const among = `among ${number(lookedAt)} keys looked at`;
  if (found.length === 0) return ok(`no other prefix looks like one of sessions ${among}`);
  const named = found.slice(0, NAMED).map(({ pattern, count }) => {
    return `${number(count)} under ${printable(pattern)}`;
  });
  const evidence = `${listed(named, "and")} ${among}`;
  return ours.length === 0 && isWhole
    ? failure(`${evidence}, but none under the prefix of the config`)
    : warning(evidence);
}

function strayCheck({ described, doubts, strays }: KeySample): Outcome {
  if (strays > 0) {
    return failure(
      `${number(strays)} keys lie on nodes that do not hold their slots: no client can read them`,
      "Give the node those slots back, or remove the keys there after CLUSTER SETSLOT … IMPORTING",
    );
  }
  const others = described.filter(({ isNested, type, form }) => {
    return isNested || (type !== undefined && type !== "string") || form === "other";
  }).length;
  if (doubts.length === 0) return ok(`${number(described.length)} keys were looked at`);
  const evidence = listed(doubts, "and");
  return others >= described.length * MOST
    ? failure(`${evidence}: session:clear would remove them`)
    : warning(evidence);
}
