/** What the doctor says of the config, the secret and the app's source. */
import { deepStrictEqual, match, notStrictEqual, strictEqual } from "node:assert/strict";
import { join } from "node:path";
import { runAzuOnTerminal } from "../../support/cli.ts";
import { needsGit, SECRET, type SoundApp, soundApp } from "./app.ts";

const GROUPS = ["config", "secret", "app", "lifetime"].flatMap((group) => ["--only", group]);

const INITIALIZER = "src/initializers/session.cr";

async function replaced(app: SoundApp, name: string, from: string | RegExp, to: string) {
  const before = await app.read(name);
  const after = before.replace(from, to);
  notStrictEqual(after, before, `${name}: ${from}`);
  await app.write(name, after);
}

const chmod = (app: SoundApp, name: string, mode: number) => Deno.chmod(join(app.path, name), mode);

/** What is broken, and which checks notice it, with a part of what was seen. */
const cases: Readonly<
  Record<
    string,
    readonly [break_: (app: SoundApp) => Promise<unknown>, ...[string, string, RegExp][]]
  >
> = {
  "a value of the config": [
    (app) => replaced(app, "azu.config.ts", '"2h"', '"soon"'),
    ["config.valid", "failure", /session\.ttl: expected a duration/],
  ],
  "an environment that nobody knows": [
    async (app) => {
      await replaced(app, "azu.config.ts", "});\n", "  environments: { staging: {} },\n});\n");
      await replaced(app, ".env", "production", "stagign");
    },
    ["config.environment", "failure", /unknown environment "stagign"/],
  ],
  "no environment": [
    async (app) => {
      await replaced(app, "azu.config.ts", "});\n", "  environments: { staging: {} },\n});\n");
      await replaced(app, ".env", "AZU_ENV=production\n", "");
    },
    ["config.environment", "warning", /nothing names one, so this is production/],
  ],
  "another store in the config": [
    (app) => replaced(app, "azu.config.ts", 'backend: "database"', 'backend: "redis"'),
    ["config.agrees", "failure", /uses the store database, but the config .* states "redis"/],
  ],
  "a URL that the app does not read": [
    (app) =>
      replaced(
        app,
        "azu.config.ts",
        'backend: "database",',
        'backend: "database", backends: { database: { url: "sqlite3://./shop.db" } },',
      ),
    ["config.unread-url", "warning", /only azu reads session\.backends\.database\.url/],
  ],
  "files that others can write": [
    async (app) => {
      await chmod(app, "azu.config.ts", 0o666);
      await chmod(app, "shard.yml", 0o646);
    },
    ["config.writable", "failure", /everybody can write azu\.config\.ts and shard\.yml/],
  ],
  "files that the group can write": [
    (app) => chmod(app, "azu.config.ts", 0o664),
    ["config.writable", "warning", /the group can write azu\.config\.ts/],
  ],
  "no secret": [
    (app) => replaced(app, ".env", /SESSION_SECRET=.*\n/, ""),
    ["secret.present", "failure", /neither in the environment nor in \.env/],
    ["secret.strength", "skipped", /is not set/],
  ],
  "a secret that everybody knows": [
    (app) => replaced(app, ".env", SECRET, "changeme"),
    ["secret.strength", "failure", /It has 8 bytes/],
  ],
  "an old secret that is weak": [
    (app) => replaced(app, ".env", /$/, "SESSION_SECRET_PREVIOUS=changeme\n"),
    ["secret.strength", "warning", /1 weak secret\(s\) in SESSION_SECRET_PREVIOUS/],
  ],
  "secrets in git": [
    async (app) => {
      await replaced(app, INITIALIZER, "config.secret = ", 'config.secret = "0123456789" # ');
      await app.git("add", "--force", ".env", INITIALIZER);
    },
    ["secret.tracked", "failure", /git tracks \.env and src\/initializers\/session\.cr/],
  ],
  "a .env that everybody can read": [
    (app) => chmod(app, ".env", 0o644),
    ["secret.readable", "failure", /everybody can read \.env \(mode 0644\)/],
  ],
  "a .env that the group can read": [
    (app) => chmod(app, ".env", 0o640),
    ["secret.readable", "warning", /the group can read \.env \(mode 0640\)/],
  ],
  "a .env that git does not ignore": [
    (app) => app.write(".gitignore", "*.db\n"),
    ["secret.ignored", "failure", /does not mention \.env, which is there/],
  ],
  "a .gitignore without .env": [
    async (app) => {
      await app.write(".gitignore", "*.db\n");
      await app.write(".env", undefined);
    },
    ["secret.ignored", "warning", /does not mention \.env$/],
    ["secret.present", "failure", /neither in the environment nor in \.env/],
  ],
  "an initializer that nothing requires": [
    (app) => replaced(app, "src/shop.cr", 'require "./initializers/**"\n', ""),
    ["app.required", "failure", /no source file requires/],
  ],
  "no handler": [
    (app) => replaced(app, "src/shop.cr", "      Shop::SessionHandler.new,\n", ""),
    ["app.handler", "failure", /nothing calls Shop::SessionHandler\.new/],
  ],
  "a handler that is not the last": [
    (app) => replaced(app, "src/shop.cr", "    ]", "      Azu::Handler::Static.new,\n    ]"),
    ["app.handler", "warning", /it is not the last one, Azu::Handler::Static\.new is/],
  ],
  "the shard's own handler": [
    (app) =>
      replaced(app, "src/shop.cr", "    ]", "      Session::SessionHandler.new(nil),\n    ]"),
    ["app.shard-handler", "failure", /src\/shop\.cr, line 11: Session::SessionHandler\.new/],
  ],
  "an edited initializer": [
    (app) => replaced(app, INITIALIZER, /^# The sessions of.*\n/, ""),
    ["app.generated", "warning", /1 line\(s\) are not in it/],
  ],
  "no initializer": [
    (app) => app.write(INITIALIZER, undefined),
    ["app.generated", "failure", /there is no src\/initializers\/session\.cr/],
    ["app.handler", "skipped", /there is no/],
  ],
  "a shard that is missing": [
    (app) => replaced(app, "shard.yml", / {2}session:\n.*\n/, ""),
    ["app.shards", "failure", /shard\.yml lacks session/],
  ],
  "a shard that is not in the lock file": [
    (app) => replaced(app, "shard.lock", / {2}sqlite3:\n.*\n.*\n/, ""),
    ["app.shards", "failure", /shard\.lock lacks sqlite3/],
  ],
  "no lock file": [
    (app) => app.write("shard.lock", undefined),
    ["app.shards", "warning", /there is no shard\.lock/],
  ],
  "another lifetime in the config": [
    (app) => replaced(app, "azu.config.ts", '"2h"', '"30m"'),
    ["lifetime.agrees", "failure", /config\.timeout: the initializer says 2\.hours, the config 30/],
  ],
  "a lifetime that azu cannot read": [
    (app) => replaced(app, INITIALIZER, "config.timeout = 2.hours", "config.timeout_ms(7200)"),
    ["lifetime.agrees", "warning", /nothing that azu can read/],
  ],
};

Deno.test("doctor: of a sound app, every check of its files is ok", needsGit, async () => {
  await using app = await soundApp();
  const found = await app.findings(...GROUPS);
  const notOk = [...found.values()].filter(({ status }) => status !== "ok");
  deepStrictEqual([found.code, notOk, found.size], [0, [], 16]);
});

for (const [what, [break_, ...expected]] of Object.entries(cases)) {
  Deno.test(`doctor: ${what}`, needsGit, async () => {
    await using app = await soundApp();
    await break_(app);
    const found = await app.findings(...GROUPS);
    for (const [id, status, evidence] of expected) {
      strictEqual(found.get(id)?.status, status, JSON.stringify(found.get(id)));
      match(found.get(id)?.evidence ?? "", evidence);
      if (status !== "skipped") match(found.get(id)?.fix ?? "", /\S/);
    }
    const isBad = expected.some(([, status]) => status === "failure");
    strictEqual(found.code, isBad ? 1 : 0);
    if (!isBad) strictEqual((await app.findings(...GROUPS, "--strict")).code, 1);
    const shown = await app.azu("session:doctor", ...GROUPS);
    strictEqual(shown.stdout.includes(SECRET) || shown.stderr.includes(SECRET), false);
  });
}

Deno.test("doctor --fix repairs what is safe, after a question", needsGit, async () => {
  await using app = await soundApp();
  await chmod(app, ".env", 0o666);
  await chmod(app, "azu.config.ts", 0o666);
  await app.write(".gitignore", "*.db");
  const before = await app.findings(...GROUPS);
  strictEqual(before.code, 1);
  const declined = await runAzuOnTerminal(["session:doctor", ...GROUPS, "--fix"], {
    cwd: app.path,
    answer: [{ waitFor: "Make these changes?", type: "n\n" }],
  });
  match(declined.output, /--fix would:[^]*chmod go-w azu\.config\.ts[^]*add the line \.env/);
  match(declined.output, /Nothing was changed/);
  deepStrictEqual((await app.findings(...GROUPS)).code, 1);
  const fixed = await app.azu("session:doctor", ...GROUPS, "--fix", "--yes");
  strictEqual(fixed.code, 0, fixed.stdout + fixed.stderr);
  const after = await app.findings(...GROUPS);
  deepStrictEqual([...after.values()].filter(({ status }) => status !== "ok"), []);
  strictEqual(await app.read(".gitignore"), "*.db\n.env\n");
});
