/** The checks of the store, as `session:doctor` reports them: also if there is no way to it. */
import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { bindBackend } from "../../src/backends/registry.ts";
import type { Backend } from "../../src/backends/contract.ts";
import { checksNamed } from "../../src/commands/session_doctor/checks.ts";
import type { DoctorContext } from "../../src/commands/session_doctor/context.ts";
import { examine } from "../../src/commands/session_doctor/doctor.ts";
import { storeGroup } from "../../src/commands/session_doctor/store.ts";
import { context } from "../backends/subject.ts";
import { needs } from "../support/env.ts";
import { makeCertificates } from "../support/servers/certificates.ts";
import { startRedis } from "../support/servers/redis.ts";
import { freePort } from "../support/servers/server.ts";
import { tempDir } from "../support/temp.ts";

const IDS = ["reach", "rights", "redis", "table"].flatMap((name) => checksNamed(name) ?? []);

/** The findings of a group of which only the backend is known. */
async function findingsOf(backend: Backend) {
  const { signal } = new AbortController();
  const stores = new AsyncDisposableStack();
  const known: DoctorContext = {
    io: { cwd: "/", uid: null, env: () => undefined, now: () => new Date() },
    root: "/",
    signal,
    url: undefined,
    ca: undefined,
    project: () => Promise.reject(new Error("nobody asks for it")),
    choice: () =>
      Promise.resolve({ backend, decidedBy: "flag", decidedByText: "--backend", warnings: [] }),
    store: async () => stores.use(await backend.connect(signal)),
  };
  const group = storeGroup(() => Promise.resolve({ ttl: 3_600_000, otherPrefixes: new Map() }));
  const findings = await examine([group], known, new Set(IDS));
  await stores.disposeAsync();
  deepStrictEqual(findings.map(({ id }) => id), IDS);
  return new Map(findings.map((finding) => [finding.id, finding]));
}

const redis = (url: string, more = {}) => bindBackend("redis", { url, ...more }, context);

Deno.test("what does not apply to a store is skipped", needs("redis-server"), async () => {
  await using server = await startRedis({ args: ["--appendonly", "yes"] });
  const findings = await findingsOf(redis(server.url));
  for (const [id, { status, evidence }] of findings) {
    const applies = !id.startsWith("table.") && id !== "redis.replicas";
    strictEqual(status, applies ? "ok" : "skipped", `${id}: ${evidence}`);
    if (!applies) strictEqual(evidence, "it does not apply here");
  }
});

Deno.test("memory sessions have no store to look at", async () => {
  for (const [id, { status, evidence }] of await findingsOf(bindBackend("memory", {}, context))) {
    strictEqual(status, "skipped", id);
    match(evidence, /^Memory sessions cannot be cleared remotely: there is no store to look at$/);
  }
});

/** A store that cannot be reached: which check fails, and why. */
async function unreachable(backend: Backend, failing: string, evidence: RegExp, fix: RegExp) {
  for (const [id, finding] of await findingsOf(backend)) {
    if (id === failing) {
      match(finding.evidence, evidence);
      match(finding.fix ?? "", fix);
      strictEqual(finding.status, "failure");
    } else if (finding.status === "skipped") {
      strictEqual(finding.evidence, "the store cannot be reached", id);
    } else {
      match(id, /^reach\.(?:resolve|addresses|tls)$/);
      strictEqual(finding.status, finding.id === "reach.tls" ? finding.status : "ok", id);
    }
  }
}

Deno.test(
  "a refused login is a failure, and the rest is skipped",
  needs("redis-server"),
  async () => {
    await using server = await startRedis({ password: "hunter2" });
    await unreachable(
      redis(server.url.replace("hunter2", "hunter3")),
      "reach.login",
      /^Redis refused the user or password \(redis:\/\/:\*\*\*@/,
      /^Check the credentials in the URL/,
    );
  },
);

Deno.test("a server that is down is named by its address", async () => {
  const port = freePort();
  await unreachable(
    redis(`redis://127.0.0.1:${port}`),
    "reach.addresses",
    new RegExp(`^nothing listens on 127\\.0\\.0\\.1:${port}$`),
    /^Let the server listen/,
  );
  await unreachable(
    bindBackend("database", { url: `postgres://azu:secret@127.0.0.1:${port}/shop` }, context),
    "reach.addresses",
    /^nothing listens on 127\.0\.0\.1:/,
    /^Let the server listen/,
  );
});

Deno.test("an unknown name is named", async () => {
  const url = "mysql://azu:secret@db.invalid/shop";
  await unreachable(
    bindBackend("database", { url }, context),
    "reach.resolve",
    /^no address was found for db\.invalid$/,
    /DNS record/,
  );
});

Deno.test(
  "a certificate that is not trusted is a failure of TLS",
  needs("redis-server", "openssl"),
  async () => {
    await using own = await makeCertificates();
    await using server = await startRedis({ tls: own.args("server", "no") });
    await unreachable(
      redis(server.url),
      "reach.tls",
      /^The certificate of the Redis server is not trusted \(rediss:/,
      /session\.backends\.redis\.tls\.ca/,
    );
  },
);

Deno.test("a file that is missing is a failure, and is not created", async () => {
  await using app = await tempDir();
  await unreachable(
    bindBackend("database", { url: "sqlite3://./app.db" }, { ...context, root: app.path }),
    "reach.login",
    /^The database file .*app\.db does not exist/,
    /session:setup --apply/,
  );
  deepStrictEqual([...Deno.readDirSync(app.path)], []);
});
