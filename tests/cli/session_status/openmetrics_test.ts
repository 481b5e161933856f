/** The metrics, as Prometheus's own parser reads them. */
import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { runAzu } from "../../support/cli.ts";
import { needs } from "../../support/env.ts";
import { writeTree } from "../../support/temp.ts";
import { appWith, someSessions } from "../sessions.ts";

const PARSE = `
import json, sys
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse
print(json.dumps([[f.name, f.type, f.unit, [[s.name, s.labels, s.value] for s in f.samples]]
  for f in parse(sys.stdin.read())]))
`;

type Family = [string, string, string, [string, Record<string, string>, number][]];

async function parsed(text: string): Promise<Family[]> {
  const python = new Deno.Command("/usr/bin/python3", {
    args: ["-c", PARSE],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = python.stdin.getWriter();
  await writer.write(new TextEncoder().encode(text));
  await writer.close();
  const { success, stdout, stderr } = await python.output();
  strictEqual(success, true, new TextDecoder().decode(stderr));
  return JSON.parse(new TextDecoder().decode(stdout));
}

Deno.test(
  "a parser reads the figures, whatever the environment is called",
  needs("openmetrics"),
  async () => {
    await using app = await appWith(someSessions());
    const names = ["production", 'a "b" \\ c', "ünïcode\u{1f511}"];
    const environments = names.map((name) => `${JSON.stringify(name)}: {}`).join(", ");
    const config = `export default { session: {}, environments: { ${environments} } };`;
    await writeTree(app.path, { "azu.config.ts": config });
    for (const name of names) {
      const args = ["session:status", "--format", "openmetrics", "--env", name];
      const { code, stdout, stderr } = await runAzu(args, app.options);
      strictEqual(code, 0, stderr);
      const families = new Map((await parsed(stdout)).map((family) => [family[0], family]));
      const labels = { backend: "database", environment: name };
      deepStrictEqual(families.get("azu_sessions"), [
        "azu_sessions",
        "gauge",
        "",
        [["azu_sessions", labels, 5]],
      ]);
      deepStrictEqual(families.get("azu_sessions_expired")?.[3][0]?.[2], 1);
      deepStrictEqual(families.get("azu_store_bytes")?.[2], "bytes");
      strictEqual(families.has("azu_redis_evicted_keys"), false);
    }
  },
);

Deno.test("what is not known is left out, and a failure prints no metrics", async () => {
  await using app = await appWith(someSessions());
  const args = ["session:status", "--format", "openmetrics"];
  const wrong = await runAzu([...args, "--json"], app.options);
  strictEqual(wrong.code, 2);
  app.run("DROP TABLE sessions");
  const failed = await runAzu(args, app.options);
  deepStrictEqual([failed.code, failed.stdout], [1, ""]);
  match(failed.stderr, /^error: /);
});
