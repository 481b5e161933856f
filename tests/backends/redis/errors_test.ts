/** Failures are explained: error replies by their code, whatever names stand behind it. */
import { match, strictEqual } from "node:assert/strict";
import { Redis } from "ioredis";
import { bindBackend } from "../../../src/backends/registry.ts";
import { ErrorReply, RedisConnection } from "../../../src/backends/redis/connection.ts";
import { explainRedisError } from "../../../src/backends/redis/errors.ts";
import { parseRedisUrl } from "../../../src/backends/redis/url.ts";
import { AzuError } from "../../../src/core/errors.ts";
import { needs, service } from "../../support/env.ts";
import { bytesOf, startPeer } from "../../support/network/redis_peer.ts";
import { pollUntil } from "../../support/poll.ts";
import { makeBadCertificates, makeCertificates } from "../../support/servers/certificates.ts";
import { observer, release } from "../../support/servers/redis_cluster.ts";
import { type RedisOptions, startRedis } from "../../support/servers/redis.ts";
import { context } from "../subject.ts";

const endpoint = parseRedisUrl("redis://h");

const replies: [reply: string, problem: RegExp][] = [
  ["NOPERM this user has no permissions to run the 'scan' command or its subcommand", /run SCAN /],
  ["NOPERM User azu has no permissions to run the 'cluster|slots' command", /run CLUSTER SLOTS /],
  ["NOPERM User key has no permissions to run the 'unlink' command", /may not run UNLINK /],
  ["NOPERM User noauth has no permissions to run the 'scan' command", /may not run SCAN /],
  ["NOPERM User READONLY has no permissions to run the 'scan' command", /may not run SCAN /],
  ["NOPERM User publish has no permissions to run the 'scan' command", /may not run SCAN /],
  ["NOPERM User 'publish' has no permissions to run the 'scan' command", /may not run SCAN /],
  ["NOPERM User a channel has no permissions to run the 'scan' command", /may not run SCAN /],
  ["NOPERM User azu has no permissions to run the 'publish' command", /may not publish on/],
  ["NOPERM No permissions to access a key", /may not access keys under this prefix/],
  [
    "NOPERM this user has no permissions to access one of the keys used as arguments",
    /may not access keys under this prefix/,
  ],
  ["NOPERM No permissions to access a channel", /may not publish on/],
  ["ERR user READONLY timed out: NOAUTH WRONGPASS OOM", /^Redis reported an error/],
];
for (const [reply, problem] of replies) {
  Deno.test(`explained: ${reply}`, () => {
    match(explainRedisError(new ErrorReply(reply), endpoint).message, problem);
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

const { signal } = new AbortController();

type Tls = Readonly<Partial<Record<"ca" | "cert" | "key", string>>>;

/** What a clear says if it fails. */
async function problem(
  url: string,
  tls?: Tls,
  meanwhile: () => Promise<unknown> = () => Promise.resolve(),
): Promise<AzuError> {
  const options = { url, keyPrefix: "session:", ...(tls === undefined ? {} : { tls }) };
  try {
    await using store = await bindBackend("redis", options, context).connect(signal);
    await meanwhile();
    throw new Error(`cleared: ${await store.clear({ signal, onProgress() {} })}`);
  } catch (error) {
    if (error instanceof AzuError) return error;
    throw error;
  }
}

function says({ message, hint = "" }: AzuError, said: RegExp, advice: RegExp): void {
  match(message, said);
  match(hint, advice, message);
}

/** A server with a hundred sessions. */
async function place(options: RedisOptions = {}) {
  const server = await startRedis(options);
  const client = observer(server.url);
  await client.eval("for i=1,100 do redis.call('SET','session:'..i,'x') end", 0);
  return {
    ...{ server, client },
    async [Symbol.asyncDispose]() {
      release(client);
      await server[Symbol.asyncDispose]();
    },
  };
}

Deno.test("a server's refusals are explained", needs("redis-server"), async () => {
  await using redis = await place({ password: "hunter2" });
  const { client, server: { url } } = redis;
  says(
    await problem(url.replace("hunter2", "wrong")),
    /^Redis refused the user or password .*: WRONGPASS /,
    /^Check the credentials in the URL/,
  );
  says(
    await problem(url.replace(":hunter2@", "")),
    /^Redis requires a password, and the URL has none .*: NOAUTH /,
    /^Add it to the URL/,
  );
  says(
    await problem(`${url}/99`),
    /^The database number in the Redis URL does not exist .*: ERR DB index is out of range/,
    /^Check the number after the last \/ of the URL$/,
  );
  await client.config("SET", "min-replicas-to-write", "1");
  says(
    await problem(url),
    /^Redis refuses writes because too few replicas follow it .*: NOREPLICAS /,
    /^Bring its replicas back/,
  );
  await client.config("SET", "min-replicas-to-write", "0");
  says(
    await problem(url, undefined, () => client.call("REPLICAOF", "127.0.0.1", "1")),
    /^This Redis is a read-only replica .*: READONLY /,
    /^Use the URL of the primary$/,
  );
});

/** What is said of the reply to SCAN or, if the key is given, to UNLINK. Clears try again for long. */
async function explainedReply(port: number, key?: string): Promise<AzuError | undefined> {
  const target = { address: { host: "127.0.0.1", port }, tls: undefined, timeout: 2000 };
  using connection = await RedisConnection.open(target, signal);
  try {
    await (key === undefined ? connection.call("SCAN", "0") : connection.call("UNLINK", key));
    return undefined;
  } catch (error) {
    return explainRedisError(error, endpoint);
  }
}

Deno.test(
  "replies of a server that may soon be ready are explained",
  needs("redis-server"),
  async () => {
    await using redis = await place({
      args: [
        ...["--enable-debug-command", "yes", "--busy-reply-threshold", "1"],
        ...["--loading-process-events-interval-bytes", "1024"],
      ],
    });
    const { client, server: { port } } = redis;
    const soon = (what: string) => pollUntil(what, () => explainedReply(port));

    const script = client.eval("while true do end", 0).catch(() => {});
    says(await soon("BUSY"), /^Redis is busy with a script .*: BUSY /, /SCRIPT KILL/);
    const killer = new Redis(redis.server.url, { enableReadyCheck: false });
    await killer.call("SCRIPT", "KILL");
    killer.disconnect();
    await script;

    await client.config("SET", "key-load-delay", "3000"); // microseconds
    const reloading = client.call("DEBUG", "RELOAD");
    says(await soon("LOADING"), /^Redis is still loading its data .*: LOADING /, /^Wait until/);
    await reloading;

    await client.config("SET", "replica-serve-stale-data", "no");
    await client.call("REPLICAOF", "127.0.0.1", "1");
    says(
      await soon("MASTERDOWN"),
      /^This Redis is a replica that has lost its primary .*: MASTERDOWN /,
      /^Use the URL of the primary$/,
    );

    await using node = await startRedis({ args: ["--cluster-enabled", "yes"] });
    says(
      await pollUntil("CLUSTERDOWN", () => explainedReply(node.port, "session:1")),
      /^The Redis cluster is down: some of its slots have no master .*: CLUSTERDOWN /,
      /^Bring the missing masters back/,
    );
  },
);

Deno.test("a server that cannot be reached, or is no Redis", needs("mariadb"), async () => {
  const { host } = new URL(service("mariadb"));
  for (
    const [url, said, advice] of [
      ["redis://127.0.0.1:1", /nothing listens there .*ECONNREFUSED/, /^Check that Redis runs/],
      [
        "redis://no-such-host.invalid",
        /^Cannot connect to Redis: the host name is unknown .*(?:ENOTFOUND|EAI_AGAIN)/,
        /^Check the host in REDIS_URL/,
      ],
      [
        "redis://255.255.255.255", // no host has it
        /^Cannot connect to Redis: the host cannot be reached .*E(?:NET|HOST)UNREACH/,
        /^Check the host in REDIS_URL .*, and the network$/,
      ],
      [
        `redis://${host}`,
        /^The server at this address does not speak the Redis protocol .*ProtocolError/,
        /^Check the host and port: is it Redis/,
      ],
      [
        `rediss://${host}`,
        /^The server at this address does not speak TLS /,
        /for a server without TLS, the URL begins with redis:\/\/$/,
      ],
    ] as const
  ) says(await problem(url), said, advice);
});

Deno.test("failures of TLS are explained", needs("redis-server", "openssl"), async () => {
  await using own = await makeCertificates();
  await using foreign = await makeCertificates();
  await makeBadCertificates(own);
  const { path } = own;
  const ca = { ca: `${path}/ca.crt` };
  const identity = (folder: string, name: string) => ({
    ...ca,
    cert: `${folder}/${name}.crt`,
    key: `${folder}/${name}.key`,
  });
  await using server = await startRedis({ tls: own.args("server", "no") });
  const client = new Redis(server.url, {
    tls: {
      ca: await Deno.readTextFile(ca.ca),
      cert: await Deno.readTextFile(`${path}/client.crt`),
      key: await Deno.readTextFile(`${path}/client.key`),
    },
  });
  const set = (...settings: string[]) => client.call("CONFIG", "SET", ...settings);
  says(
    await problem(server.url.replace("rediss:", "redis:")),
    /^The server at this address closed the connection at once/,
    /for a server with TLS, the URL begins with rediss:\/\/$/,
  );
  says(await problem(server.url), /^The certificate .* is not trusted/, /redis\.tls\.ca/);
  for (
    const [name, said, advice] of [
      ["elsewhere", /^The certificate of the Redis server is for another host/, /host name in the/],
      ["ca", /that of an authority, not of a server .*CaUsedAsEndEntity/, /CA:FALSE/],
      ["v1", /has version 1, which does not name hosts .*UnsupportedCertVersion/, /subjectAltName/],
      [
        "expired",
        /^The certificate of the Redis server is not valid .*Expired/,
        /openssl s_client/,
      ],
    ] as const
  ) {
    await set("tls-cert-file", `${path}/${name}.crt`, "tls-key-file", `${path}/${name}.key`);
    says(await problem(server.url, ca), said, advice);
  }
  await set("tls-cert-file", `${path}/server.crt`, "tls-key-file", `${path}/server.key`);
  await set("tls-auth-clients", "yes");
  for (
    const [protocol, said] of [
      ["TLSv1.2", /fatal alert: HandshakeFailure|^Redis broke off the TLS handshake .*roken pipe/],
      ["TLSv1.3", /^Redis requires a client certificate .*fatal alert: CertificateRequired/],
    ] as const
  ) {
    await set("tls-protocols", protocol);
    says(await problem(server.url, ca), said, /redis\.tls\.cert and \.key$/);
  }
  for (
    const [tls, alert] of [
      [identity(foreign.path, "client"), "UnknownCA"],
      [identity(path, "expired"), "CertificateExpired"],
    ] as const
  ) {
    says(
      await problem(server.url, tls),
      new RegExp(`^Redis refused the client certificate .*fatal alert: ${alert}`),
      /signed by an authority that Redis trusts/,
    );
  }
  client.disconnect();
});
