/** Redis servers with the same keys: one is filled and saved, the others start from its file. */
import { join } from "node:path";
import { SESSIONS_PER_USER } from "./options.ts";
import { type RedisServer, startRedis } from "../../tests/support/servers/redis.ts";

/** Sessions of about 200 bytes with a TTL, among other keys. */
export interface RedisKeys {
  readonly sessions: number;
  readonly others: number;
}

/** The saved file that servers start from. */
export interface RedisData extends RedisKeys {
  readonly folder: string;
}

export const PATTERN = "shop:session:*";

/** The users are called 1, 2, and so on; and a user 0 has one session less. */
const SESSIONS = `for i = 1, tonumber(ARGV[1]) do
  local id = string.format('%08x-0000-4000-8000-%012x', i, i * 7919)
  local user = math.floor(i / ${SESSIONS_PER_USER})
  redis.call('SET', 'shop:session:' .. id, string.format('{"user_id":%d,' ..
    '"email":"user%d@example.com","created_at":"2026-11-27T10:00:00Z",' ..
    '"visited_at":"2026-11-28T05:12:00Z","cart":"%s"}', user, user, string.rep('x', 70)), 'EX', 86400)
end`;

const OTHERS = `for i = 1, tonumber(ARGV[1]) do redis.call('SET', 'cache:' .. i, 'y') end`;

/** The lowest possible cost: SCAN and UNLINK inside the server. */
const FLOOR = `local cursor, removed = '0', 0
repeat
  local reply = redis.call('SCAN', cursor, 'MATCH', ARGV[1], 'COUNT', 1000)
  cursor = reply[1]
  if #reply[2] > 0 then removed = removed + redis.call('UNLINK', unpack(reply[2])) end
until cursor == '0'
return removed`;

export async function makeRedisData(folder: string, keys: RedisKeys): Promise<RedisData> {
  const made = await Deno.makeTempDir({ dir: folder, prefix: "redis-" });
  await using server = await startRedis({ args: ["--dir", made] });
  await fillRedis(server, keys);
  await redisCli(server, "save");
  return { ...keys, folder: made };
}

export async function fillRedis(server: RedisServer, { sessions, others }: RedisKeys) {
  await redisCli(server, "eval", SESSIONS, "0", `${sessions}`);
  await redisCli(server, "eval", OTHERS, "0", `${others}`);
}

/** Starts a new server with these keys. */
export async function startFrom({ folder }: RedisData): Promise<RedisServer> {
  return await startRedis({ args: ["--dir", folder, "--dbfilename", "dump.rdb"] });
}

/** @returns how many sessions it removed. */
export async function clearInside(server: RedisServer): Promise<number> {
  return Number(await redisCli(server, "eval", FLOOR, "0", PATTERN));
}

/** What operators do without a tool: redis-cli and xargs. */
export async function clearByRecipe({ port }: RedisServer): Promise<void> {
  const cli = `redis-cli -p ${port}`;
  await run("sh", "-c", `${cli} --scan --pattern '${PATTERN}' | xargs ${cli} unlink >/dev/null`);
}

export async function redisCli({ port }: RedisServer, ...command: string[]): Promise<string> {
  return await run("redis-cli", "-p", `${port}`, ...command);
}

/** How long the server has waited for a processor so far, in ms. NaN if not known. */
export async function waitedForProcessor({ pid }: RedisServer): Promise<number> {
  const text = await Deno.readTextFile(join("/proc", `${pid}`, "schedstat")).catch(() => "");
  return Number(text.split(" ")[1] ?? NaN) / 1e6;
}

async function run(program: string, ...args: string[]): Promise<string> {
  const command = new Deno.Command(program, { args, stdin: "null" });
  const { success, stdout, stderr } = await command.output();
  const decoder = new TextDecoder();
  const said = decoder.decode(stdout);
  if (success && !/^(ERR|\(error\))/.test(said)) return said.trim();
  throw new Error(`${program}: ${said}${decoder.decode(stderr)}`);
}
