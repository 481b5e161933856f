/** The app does not start without a secret, and tells its log no session id. */
import { deepStrictEqual, match, notStrictEqual, ok } from "node:assert/strict";
import { needs } from "../../support/env.ts";
import { openBacking } from "../backing.ts";
import { spawnNode, startApp } from "../running_app.ts";
import { chosenVariants, environmentOf, isOneSource } from "../variants.ts";

/** With its arguments, the db shard logs whatever an app asks of a database: not only of sessions. */
const OF_THE_DB_SHARD = /^\S+ +DEBUG - db: Executing query/;

const SHORT = "x".repeat(31);
const REFUSED: readonly Readonly<Record<string, string>>[] = [
  { AZU_ENV: "production" },
  { AZU_ENV: "production", SESSION_SECRET: "" },
  { AZU_ENV: "production", SESSION_SECRET: SHORT },
  { AZU_ENV: "staging", SESSION_SECRET: SHORT },
  { CRYSTAL_ENV: "production" },
  // The one overrules the other.
  { AZU_ENV: "production", CRYSTAL_ENV: "development" },
  {},
];
const STARTED: readonly Readonly<Record<string, string>>[] = [
  { AZU_ENV: "development" },
  { AZU_ENV: "test", SESSION_SECRET: SHORT },
  { CRYSTAL_ENV: "development" },
  { AZU_ENV: "production", SESSION_SECRET: "x".repeat(32) },
  // Bytes count, not letters.
  { AZU_ENV: "production", SESSION_SECRET: "é".repeat(16) },
];

for (const variant of chosenVariants()) {
  const of = (what: string) => `${variant.name}: ${what}`;

  Deno.test(of("without a secret the app says so and stops"), needs(...variant.needs), async () => {
    await using backing = await openBacking(variant);
    for (const env of REFUSED) {
      await using process = await spawnNode(variant, { ...backing.env, ...env });
      const { code, stdout, stderr } = await process.finished();
      notStrictEqual(code, 0);
      match(stderr, /^[^\n]*SESSION_SECRET[^\n]*\n$/);
      deepStrictEqual(stdout, "");
    }
    // Where one source has several stores, production is another environment's name, and test is
    // on SQLite.
    const others = isOneSource() ? { DATABASE_URL: "sqlite3://./other.db" } : {};
    for (const env of STARTED) {
      const all = env["AZU_ENV"] === "production"
        ? { ...backing.env, ...env, AZU_ENV: environmentOf(variant) }
        : { ...backing.env, ...others, ...env };
      await using process = await spawnNode(variant, all);
      await process.waitFor("Listening");
    }
  });

  Deno.test(of("no session id gets into the log"), needs(...variant.needs), async () => {
    await using app = await startApp(variant, { LOG_LEVEL: "trace" });
    const visitor = app.visitor();
    const ids: (string | undefined)[] = [crypto.randomUUID()];
    await app.visitor(ids[0]).get("/me");
    for (const path of ["/touch?value=a", "/login?user=1", "/touch?value=b", "/logout"]) {
      ids.push((await visitor.post(path)).id);
      ids.push((await visitor.get("/me")).id);
    }
    await visitor.get("/raise");
    const { stderr } = app.process;
    await stderr.waitFor("On purpose");
    const told = new Set(ids).difference(new Set([undefined, ""]));
    ok(told.size >= 4);
    const lines = stderr.text.split("\n").filter((line) => {
      return !OF_THE_DB_SHARD.test(line) && ids.some((id) => id && line.includes(id));
    });
    deepStrictEqual(lines, []);
  });
}
