/** Checks of a connection to any server: how long an answer takes, and what time it is there. */
import { formatMilliseconds, roughly } from "../core/duration.ts";
import { failure, ok, type Outcome, warning } from "./checks.ts";

/** Milliseconds. The app asks the store for each request: a visitor notices more than this. */
const SLOW = 50;

/** Milliseconds from which visitors give up, and the app runs out of connections. */
const TOO_SLOW = 1000;

/** Answers that are measured. One may be late by chance, so the median counts. */
const ANSWERS = 5;

/** Milliseconds after which those that are there must do. */
const ENOUGH = 500;

/** @param ask Asks the server something that it answers at once. */
export async function latencyCheck(ask: () => Promise<unknown>): Promise<Outcome> {
  const times: number[] = [];
  const end = performance.now() + ENOUGH;
  while (times.length < ANSWERS && (times.length === 0 || performance.now() < end)) {
    const start = performance.now();
    await ask();
    times.push(performance.now() - start);
  }
  const median = times.sort((a, b) => a - b)[Math.floor(times.length / 2)] ?? 0;
  const text = median < 1 ? "less than 1 ms" : formatMilliseconds(Math.round(median));
  const evidence = `an answer takes ${text}`;
  if (median >= TOO_SLOW) return failure(evidence);
  return median > SLOW ? warning(evidence) : ok(evidence);
}

/** Milliseconds. Clocks that are synchronized differ by less. */
const CLOCK_TOLERANCE = 2000;

/** Milliseconds from which selections by time, and sweeps, are about other sessions than meant. */
const CLOCK_LIMIT = 60_000;

/** @param ask Asks the server for its time, in milliseconds since 1970. */
export async function clockCheck(
  ask: () => Promise<number>,
  now: () => Date,
): Promise<Outcome> {
  const before = now().getTime();
  const there = await ask();
  const here = (before + now().getTime()) / 2; // about when the server looked at its clock
  const difference = Math.abs(there - here);
  if (difference <= CLOCK_TOLERANCE) {
    return ok(`the clocks differ by ${formatMilliseconds(Math.round(difference))} at most`);
  }
  const evidence = `the server's clock is ${roughly(difference)} ` +
    `${there > here ? "ahead of" : "behind"} the one of this machine`;
  return difference > CLOCK_LIMIT ? failure(evidence) : warning(evidence);
}
