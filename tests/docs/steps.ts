/** What the commands of a page need. A page names it in a comment. */
import { needs } from "../support/env.ts";
import { expiredSessions, liveSessions, withAddresses } from "./shop.ts";
import type { World } from "./world.ts";

/** A step, the services that it needs, and what it does. */
type Step = readonly [
  pattern: RegExp,
  services: Parameters<typeof needs>,
  run: (world: World, argument: string) => Promise<void>,
];

const STEPS: readonly Step[] = [
  [/^app$/, [], (world) => world.makeApp()],
  [/^app on (sqlite)$/, [], appOn],
  [/^app on (redis)$/, ["redis-server"], appOn],
  [/^app on (postgres)$/, ["postgres"], appOn],
  [/^redis$/, ["redis-server"], (world) => world.startRedis()],
  [/^postgres$/, ["postgres"], (world) => world.startDatabase("postgres")],
  [/^a terminal$/, ["script"], nothing],
  [/^openssl$/, ["openssl"], nothing],
  [/^crystal$/, ["crystal"], nothing],
  [/^jq$/, ["jq"], nothing],
  [/^sqlite3$/, ["sqlite3"], nothing],
  [/^1 session under (\S+)$/, [], (world, prefix) => world.redisCommand(`SET ${prefix}${ID} {}`)],
  [/^(\d+) encrypted sessions$/, [], (world, count) => world.encrypt(liveSessions(Number(count)))],
  [/^(\d+) sessions with addresses$/, [], (world, count) => world.save(withAddresses(count))],
  [/^(\d+) sessions$/, [], (world, count) => world.save(liveSessions(Number(count)))],
  [/^(\d+) expired sessions$/, [], (world, count) => world.save(expiredSessions(Number(count)))],
  [/^nobody is logged in$/, [], (world) => world.empty()],
  [/^two nodes listen on (\S+)$/, [], (world, channel) => world.listen(channel)],
  [/^the nodes stop$/, [], (world) => world.stopNodes()],
  [/^a table of connect-pg-simple$/, ["postgres"], (world) => world.adopt()],
  [/^redis command (.+)$/, [], (world, command) => world.redisCommand(command)],
  [/^sql (.+)$/, [], (world, statement) => world.query(statement)],
  [/^run (.+)$/, [], (world, command) => world.run(command)],
  [/^file (.+)$/, [], (world, name) => world.run(`mkdir -p $(dirname ${name}) && touch ${name}`)],
];

/** The id of a session as the session shard makes it. */
const ID = "0e8a7c52-6a3e-4f0c-9a57-3b1b8d5d7a10";

/** The options of a test that takes these steps: without a service it is ignored, as by `needs`. */
export function needsOf(steps: readonly string[]): { ignore: boolean } {
  return needs(...steps.flatMap((name) => [...stepOf(name).services]));
}

/** Takes a step. */
export async function takeStep(world: World, name: string): Promise<void> {
  const { run, argument } = stepOf(name);
  await run(world, argument);
}

function stepOf(name: string) {
  for (const [pattern, services, run] of STEPS) {
    const found = pattern.exec(name);
    if (found !== null) return { services, run, argument: found[1] ?? "" };
  }
  throw new Error(`There is no step "${name}"`);
}

/** The step says only which program the commands need. */
async function nothing(): Promise<void> {}

async function appOn(world: World, backend: string): Promise<void> {
  await world.makeApp();
  if (backend === "redis") {
    await world.startRedis();
    await world.run("export REDIS_URL=redis://localhost:6379");
    await world.run("azu session:setup --backend redis --yes");
  } else {
    await world.startDatabase(backend);
    await world.run("azu session:setup --backend database --apply --yes");
  }
}
