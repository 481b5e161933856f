/** `session:doctor --url` finds what is wrong with the cookie of the running app. */
import { deepStrictEqual } from "node:assert/strict";
import { join } from "node:path";
import { runAzu } from "../../support/cli.ts";
import { needs } from "../../support/env.ts";
import { makeCertificates } from "../../support/servers/certificates.ts";
import { appFolder } from "../app.ts";
import { openBacking } from "../backing.ts";
import { startNode } from "../running_app.ts";
import { chosenVariants, environmentOf } from "../variants.ts";

interface Found {
  readonly id: string;
  readonly status: string;
}

/**
 * What differs if the app runs in another environment than the doctor believes: the flags of the
 * cookie that are set wrong on purpose.
 */
const WRONG: Readonly<Record<string, readonly string[]>> = {
  production: [],
  development: ["cookie.secure"],
  branded: [
    "cookie.http-only",
    "cookie.same-site",
    "cookie.domain",
    "cookie.path",
    "cookie.lifetime",
  ],
};

for (const variant of chosenVariants("redis", "postgres")) {
  Deno.test(
    `${variant.name}: the doctor finds each flag of the cookie that is wrong`,
    needs(...variant.needs, "openssl"),
    async () => {
      await using backing = await openBacking(variant);
      await using certificates = await makeCertificates();
      for (const [environment, expected] of Object.entries(WRONG)) {
        await using node = await startNode(variant, { ...backing.env, AZU_ENV: environment });
        await using proxy = await encrypted(node.url, certificates.path);
        for (
          const [url, ...options] of [
            [`${node.url}/me`],
            [`${proxy.url}/me`, "--ca", join(certificates.path, "ca.crt")],
          ]
        ) {
          const { stdout } = await runAzu(
            ["session:doctor", "--only", "cookie", "--json", "--url", url ?? "", ...options],
            { cwd: appFolder(variant), env: { ...backing.env, AZU_ENV: environmentOf(variant) } },
          );
          const { findings }: { findings: Found[] } = JSON.parse(stdout);
          const wrong = findings.filter(({ status }) => status !== "ok").map(({ id }) => id);
          deepStrictEqual(wrong, expected, `${environment}, ${url}`);
        }
      }
    },
  );
}

/** HTTPS in front of the app, as a proxy gives it. */
async function encrypted(url: string, certificates: string) {
  const [cert, key] = await Promise.all([
    Deno.readTextFile(join(certificates, "server.crt")),
    Deno.readTextFile(join(certificates, "server.key")),
  ]);
  const options = { hostname: "127.0.0.1", port: 0, cert, key, onListen() {} };
  const server = Deno.serve(options, async (request) => {
    const { pathname } = new URL(request.url);
    const cookie = request.headers.get("Cookie");
    const headers = cookie === null ? {} : { Cookie: cookie };
    return await fetch(`${url}${pathname}`, { headers, redirect: "manual" });
  });
  return {
    url: `https://127.0.0.1:${server.addr.port}`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}
