/** Error replies are explained by their code, whatever names stand behind it. */
import { match, strictEqual } from "node:assert/strict";
import { bindBackend } from "../../../src/backends/registry.ts";
import { ErrorReply } from "../../../src/backends/redis/connection.ts";
import { explainRedisError } from "../../../src/backends/redis/errors.ts";
import { parseRedisUrl } from "../../../src/backends/redis/url.ts";
import { AzuError } from "../../../src/core/errors.ts";
import { bytesOf, startPeer } from "../../support/network/redis_peer.ts";
import { context } from "../subject.ts";

const endpoint = parseRedisUrl("redis://h");

const replies: [reply: string, problem: RegExp][] = [
  ["WRONGPASS invalid username-password pair or user is disabled.", /refused the user or password/],
  ["NOAUTH Authentication required.", /requires a password, and the URL has none/],
  ["NOPERM this user has no permissions to run the 'scan' command or its subcommand", /run SCAN /],
  ["NOPERM User azu has no permissions to run the 'cluster|slots' command", /run CLUSTER SLOTS /],
  ["NOPERM User key has no permissions to run the 'unlink' command", /may not run UNLINK /],
  ["NOPERM User noauth has no permissions to run the 'scan' command", /may not run SCAN /],
  ["NOPERM User READONLY has no permissions to run the 'scan' command", /may not run SCAN /],
  ["NOPERM User publish has no permissions to run the 'scan' command", /may not run SCAN /],
  ["NOPERM User 'publish' has no permissions to run the 'scan' command", /may not run SCAN /],
  ["NOPERM User a channel has no permissions to run the 'scan' command", /may not run SCAN /],
  ["NOPERM User azu has no permissions to run the 'publish' command", /may not publish on/],
  ["NOPERM No permissions to access a key", /may not remove keys under this prefix/],
  [
    "NOPERM this user has no permissions to access one of the keys used as arguments",
    /may not remove keys under this prefix/,
  ],
  ["NOPERM No permissions to access a channel", /may not publish on/],
  ["READONLY You can't write against a read only replica.", /is a read-only replica/],
  ["LOADING Redis is loading the dataset in memory", /still loading its data/],
  ["ERR user READONLY timed out: NOAUTH WRONGPASS OOM", /^Redis reported an error/],
  ["ERR DB index is out of range", /database number in the Redis URL does not exist/],
];
for (const [reply, problem] of replies) {
  Deno.test(`explained: ${reply}`, () => {
    match(explainRedisError(new ErrorReply(reply), endpoint).message, problem);
  });
}

for (
  const [text, problem, cure] of [
    [
      "invalid peer certificate: Other(OtherError(CaUsedAsEndEntity))",
      /that of an authority/,
      /CA:FALSE/,
    ],
    ["invalid peer certificate: UnsupportedCertVersion", /version 1/, /subjectAltName/],
    [
      'invalid peer certificate: certificate not valid for name "10.0.0.1"',
      /another host/,
      /cluster-announce-hostname/,
    ],
  ] as const
) {
  Deno.test(`explained, with the cure: ${text}`, () => {
    const { message, hint } = explainRedisError(new Error(text), endpoint);
    match(message, problem);
    match(hint ?? "", cure);
  });
}

Deno.test("an announced address that cannot be reached: the hint is about announcing it", () => {
  const node = { host: "10.9.9.9", port: 7001 };
  const { hint } = explainRedisError(
    new Error("connect ECONNREFUSED 10.9.9.9:7001"),
    endpoint,
    node,
  );
  match(hint ?? "", /cluster-announce-ip, cluster-announce-hostname/);
});

/** A server before Redis 6, as far as its login goes: AUTH takes one argument, HELLO is unknown. */
function oldServer() {
  const talk = async (connection: Deno.TcpConn, received: () => Promise<string>) => {
    for (let request = await received(); request !== ""; request = await received()) {
      const [, count] = /^\*(\d+)\r\n/.exec(request) ?? [];
      const reply = /AUTH/i.test(request)
        ? count === "2"
          ? request.includes("hunter2") ? "+OK\r\n" : "-ERR invalid password\r\n"
          : "-ERR wrong number of arguments for 'auth' command\r\n"
        : /INFO/i.test(request)
        ? "$34\r\nredis_mode:standalone\r\nrole:master\r\n"
        : /SCAN/i.test(request)
        ? "*2\r\n$1\r\n0\r\n*0\r\n"
        : /DBSIZE|DEL/i.test(request)
        ? ":0\r\n"
        : "-ERR unknown command 'x'\r\n";
      await connection.write(bytesOf(reply));
    }
  };
  return startPeer(talk);
}

for (
  const [login, said] of [
    [":hunter2", undefined],
    ["default:hunter2", undefined],
    ["app:hunter2", /^This server knows no users but the default one \(redis:\/\/app:\*\*\*@/],
    [":wrong", /^Redis refused the user or password/],
  ] as const
) {
  Deno.test(`before Redis 6: redis://${login.replace(/:.*/, ":…")}@`, async () => {
    await using peer = oldServer();
    const { signal } = new AbortController();
    const url = `redis://${login}@127.0.0.1:${peer.port}`;
    const result = await (async () => {
      await using store = await bindBackend("redis", { url }, context).connect(signal);
      return await store.count(signal);
    })().catch((error: unknown) => error);
    if (said === undefined) strictEqual(result, 0, String(result));
    else match(result instanceof AzuError ? result.message : "", said);
  });
}
