/**
 * Clears again and again while an app writes: `./denow task bench:soak [--minutes 10]`. Redis and
 * PostgreSQL at the same time. Every clear is held to what it said: what it counted and what is
 * there are together what was written, nothing from before it is there, and no memory grows. Ends
 * with 1 where any of that is not so. Ctrl-C ends it early.
 */
import { parseArgs } from "node:util";
import { printLine } from "../tests/support/output.ts";
import { scratchRoot } from "../tests/support/temp.ts";
import { Azu } from "./support/azu.ts";
import { soakPostgres } from "./support/soak_postgres.ts";
import { soakRedis } from "./support/soak_redis.ts";
import { SoakWatch } from "./support/soak_watch.ts";

/** Milliseconds between two lines. */
const INTERVAL = 30_000;

const { values } = parseArgs({ options: { minutes: { type: "string", default: "10" } } });
const minutes = Number(values.minutes);
if (!(minutes > 0)) {
  printLine("Usage: bench:soak [--minutes 10]");
  Deno.exit(2);
}
Deno.exit(await main());

async function main(): Promise<number> {
  const end = new AbortController();
  const stop = () => end.abort();
  for (const signal of ["SIGINT", "SIGTERM"] as const) Deno.addSignalListener(signal, stop);
  await using scratch = await scratchRoot();
  const azu = await Azu.in(scratch.path);
  await using redis = await soakRedis(azu);
  await using postgres = await soakPostgres(azu);
  const watches = [redis, postgres].map((store) => new SoakWatch(store));
  const start = performance.now();
  const timer = setTimeout(stop, minutes * 60_000);
  const lines = setInterval(() => tell(watches, start), INTERVAL);
  await Promise.all(watches.map((watch) => watch.run(end.signal)));
  clearTimeout(timer);
  clearInterval(lines);
  return verdict(watches, start);
}

function verdict(watches: readonly SoakWatch[], start: number): number {
  tell(watches, start);
  for (const watch of watches) watch.conclude();
  const breaches = watches.flatMap(({ breaches }) => breaches);
  for (const breach of breaches) printLine(`Broken: ${breach}`);
  if (breaches.length > 0) return 1;
  printLine("No error, no growth, and nothing from before a clear was seen after it");
  return 0;
}

function tell(watches: readonly SoakWatch[], start: number): void {
  const seconds = Math.round((performance.now() - start) / 1000);
  const time = `${Math.floor(seconds / 60)}:${`${seconds % 60}`.padStart(2, "0")}`;
  for (const watch of watches) printLine(`${time.padStart(5)}  ${watch.state}`);
}
