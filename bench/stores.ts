/**
 * What clearing costs: `./denow task bench [--only redis] [--sessions 200000] [--rounds 3]`. The
 * built executable on servers that are started for it, against the least that the same work can
 * cost and against what operators do without it, in pairs. Prints each figure beside its bound, and
 * ends with 1 where one is broken.
 */
import { printLine } from "../tests/support/output.ts";
import { scratchRoot } from "../tests/support/temp.ts";
import { Azu } from "./support/azu.ts";
import { type Bench, parseOptions, type Part, USAGE } from "./support/options.ts";
import { Report } from "./support/report.ts";
import { benchBackup } from "./backup.ts";
import { benchCopy } from "./copy.ts";
import { benchMysql } from "./mysql.ts";
import { benchPostgres } from "./postgres.ts";
import { benchRedis } from "./redis.ts";
import { benchSqlite } from "./sqlite.ts";

const BENCHES: Readonly<Record<Part, (bench: Bench) => Promise<void>>> = {
  redis: benchRedis,
  postgres: benchPostgres,
  mysql: benchMysql,
  sqlite: benchSqlite,
  copy: benchCopy,
  backup: benchBackup,
};

const options = parseOptions(Deno.args);
if (options === undefined) {
  printLine(USAGE);
  Deno.exit(2);
}
Deno.exitCode = await main(options);

async function main({ parts, sessions, rounds }: NonNullable<typeof options>): Promise<number> {
  await using scratch = await scratchRoot();
  const folder = scratch.path;
  const report = new Report();
  const azu = await Azu.in(folder);
  const [load = NaN] = Deno.loadavg();
  // Other work on the machine makes all waits, and so all ratios, longer.
  printLine(
    `${navigator.hardwareConcurrency} processors, load ${load.toFixed(2)} before the start`,
  );
  const start = performance.now();
  for (const part of parts) await BENCHES[part]({ azu, report, folder, sessions, rounds });
  const minutes = ((performance.now() - start) / 60_000).toFixed(1);
  printLine(`\nTook ${minutes} minutes`);
  for (const broken of report.broken) printLine(`Broken: ${broken}`);
  if (report.broken.length === 0) printLine("Every bound holds");
  return report.broken.length === 0 ? 0 : 1;
}
