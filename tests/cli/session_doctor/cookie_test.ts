/** What the doctor says of the cookie that an app sets, over HTTP and HTTPS. */
import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { join } from "node:path";
import { needs } from "../../support/env.ts";
import { makeCertificates } from "../../support/servers/certificates.ts";
import { needsGit, type SoundApp, soundApp } from "./app.ts";

/** How an app answers. `id` is that of the session, for a request with the id that it brings. */
interface Behaviour {
  readonly attributes?: string;
  readonly cacheControl?: string | null;
  readonly status?: number;
  id?(brought: string | undefined): string | undefined;
}

const HTTPS = "Path=/; Max-Age=7200; Secure; HttpOnly; SameSite=Lax";

/** A server that sets a session cookie. */
function serve(
  { attributes = HTTPS, cacheControl = "private", status = 200, id }: Behaviour,
  tls: { readonly cert: string; readonly key: string } | undefined,
) {
  const answer = (request: Request) => {
    const brought = /shop_session=([^;]+)/.exec(request.headers.get("Cookie") ?? "")?.[1];
    const headers = new Headers();
    const session = id === undefined ? crypto.randomUUID() : id(brought);
    if (session !== undefined) {
      headers.append("Set-Cookie", `shop_session=${session}; ${attributes}`);
    }
    if (cacheControl !== null) headers.set("Cache-Control", cacheControl);
    return new Response("hello", { status, headers });
  };
  return Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {}, ...tls }, answer);
}

/** What is set wrong, and which checks notice it. All others are ok. */
const cases: Readonly<Record<string, readonly [Behaviour, ...[string, string, RegExp][]]>> = {
  "a sound cookie": [{}],
  "no Secure": [
    { attributes: HTTPS.replace(" Secure;", "") },
    ["cookie.secure", "failure", /Secure is missing/],
  ],
  "no HttpOnly": [
    { attributes: HTTPS.replace(" HttpOnly;", "") },
    ["cookie.http-only", "failure", /HttpOnly is missing/],
  ],
  "another SameSite": [
    { attributes: HTTPS.replace("Lax", "Strict") },
    ["cookie.same-site", "failure", /SameSite=strict; the config says lax/],
  ],
  "no SameSite": [
    { attributes: HTTPS.replace("; SameSite=Lax", "") },
    ["cookie.same-site", "warning", /browsers take it for Lax/],
  ],
  "a domain": [
    { attributes: `${HTTPS}; Domain=.example.com` },
    ["cookie.domain", "failure", /Domain=example\.com; the config says none/],
  ],
  "another path": [
    { attributes: HTTPS.replace("Path=/", "Path=/shop") },
    ["cookie.path", "failure", /it is for \/shop, and the config says \//],
  ],
  "another lifetime": [
    { attributes: HTTPS.replace("7200", "600") },
    ["cookie.lifetime", "failure", /it lives for 10m; session\.ttl is 2h/],
  ],
  "no lifetime": [
    { attributes: HTTPS.replace(" Max-Age=7200;", "") },
    ["cookie.lifetime", "warning", /it ends with the browser/],
  ],
  "an invented id that is taken up": [
    { id: (brought) => brought ?? crypto.randomUUID() },
    ["cookie.fixation", "failure", /an id that it did not give out/],
  ],
  "no Cache-Control": [
    { cacheControl: null },
    ["cookie.cache", "warning", /there is no Cache-Control/],
  ],
  "a public answer": [
    { cacheControl: "public, max-age=60" },
    ["cookie.cache", "failure", /caches give the cookie to others/],
  ],
  "no cookie": [
    { id: () => undefined, status: 302 },
    ["cookie.set", "failure", /the answer \(status 302\) sets no cookie shop_session/],
  ],
};

Deno.test("doctor --url: each flag of a cookie over HTTPS", needs("openssl"), async (test) => {
  await using app = await soundApp();
  await using certificates = await makeCertificates();
  const [cert, key] = await Promise.all([
    Deno.readTextFile(join(certificates.path, "server.crt")),
    Deno.readTextFile(join(certificates.path, "server.key")),
  ]);
  for (const [what, [behaviour, ...expected]] of Object.entries(cases)) {
    await test.step(what, async () => {
      await using server = serve(behaviour, { cert, key });
      const url = `https://127.0.0.1:${server.addr.port}/`;
      await check(app, [url, "--ca", join(certificates.path, "ca.crt")], expected);
    });
  }
});

Deno.test("doctor --url: plain HTTP, and an app that does not answer", needsGit, async () => {
  await using app = await soundApp();
  {
    await using server = serve({}, undefined);
    const { port } = server.addr;
    await check(app, [`http://127.0.0.1:${port}/`], []); // browsers treat it like HTTPS
    const attributes = HTTPS.replace(" Secure;", "");
    await using plain = serve({ attributes }, undefined);
    await check(app, [`http://127.0.0.1:${plain.addr.port}/`], [
      ["cookie.secure", "failure", /also sent over plain HTTP/],
    ]);
    const config = await app.read("azu.config.ts");
    await app.write("azu.config.ts", config.replace("cookie: {", "cookie: { secure: false,"));
    await check(app, [`http://127.0.0.1:${plain.addr.port}/`], [
      ["cookie.secure", "warning", /as the config says for this environment/],
    ]);
    await app.write("azu.config.ts", config);
  }
  await check(app, ["http://127.0.0.1:1/"], [
    ["cookie.set", "failure", /http:\/\/127\.0\.0\.1:1 does not answer/],
    ["cookie.secure", "skipped", /the app does not answer/],
  ]);
  const refused = await app.azu("session:doctor", "--url", "https://user:pw@shop.example/");
  deepStrictEqual([refused.code, refused.stderr.includes("pw@")], [2, false]);
});

async function check(
  app: SoundApp,
  [url = "", ...options]: readonly string[],
  expected: readonly (readonly [string, string, RegExp])[],
): Promise<void> {
  const found = await app.findings("--only", "cookie", "--url", url, ...options);
  for (const [id, status, evidence] of expected) {
    strictEqual(found.get(id)?.status, status, JSON.stringify([...found.values()]));
    match(found.get(id)?.evidence ?? "", evidence);
  }
  const ids = expected.map(([id]) => id);
  const others = [...found.values()].filter(({ id, status }) => {
    return !ids.includes(id) && status !== "ok" && status !== "skipped";
  });
  deepStrictEqual(others, []);
  strictEqual(found.code, expected.some(([, status]) => status === "failure") ? 1 : 0);
}
