/** What setup offers to do to the app's own source, and what it adds beside it. */
import { deepStrictEqual, doesNotMatch, match, strictEqual } from "node:assert/strict";
import { runAzu, runAzuOnTerminal } from "../../support/cli.ts";
import { assertFormatted } from "../../support/crystal.ts";
import { needs } from "../../support/env.ts";
import { readTree, tempDir, writeTree } from "../../support/temp.ts";

const INITIALIZER = "src/initializers/session.cr";
const MAIN = "src/my_app.cr";
const REQUIRE = 'require "./initializers/session"';
const HANDLER = "MyApp::SessionHandler.new";
const QUESTION = `Make the offered changes in ${MAIN} too? [y/N]: `;

/** An app as `azu new` lays it out, but for the glob that would require every initializer. */
const APP: Record<string, string> = {
  "shard.yml":
    "name: my_app\nversion: 0.1.0\n\ndependencies:\n  azu:\n    github: azutoolkit/azu\n\n" +
    "targets:\n  my_app:\n    main: src/server.cr\n",
  [MAIN]: `require "azu"
require "./initializers/database"
require "./db/**"

# The app: def self.handlers of its own.
module MyApp
  include Azu

  def self.handlers
    [
      Azu::Handler::RequestId.new,
      Azu::Handler::Rescuer.new, # before Logger
      Azu::Handler::Logger.new,
    ]
  end
end
`,
  "src/server.cr": 'require "./my_app"\n\nMyApp.start MyApp.handlers\n',
  "src/initializers/database.cr": "# nothing yet\n",
  "src/db/schema.cr": "",
  ".env": "AZU_ENV=development\n",
  ".gitignore": "/lib/\n/bin/",
  "README.md": "binary \r\n text\0",
};

const INTEGRATED = (APP[MAIN] ?? "")
  .replace('db/**"\n', () => `db/**"\n${REQUIRE}\n`)
  .replace("Logger.new,\n", () => `Logger.new,\n      ${HANDLER},\n`);

async function appOf(files: Record<string, string> = APP) {
  const app = await tempDir();
  await writeTree(app.path, files);
  const options = { cwd: app.path };
  return {
    path: app.path,
    options,
    files: () => readTree(app.path),
    azu: (...args: string[]) => runAzu(["session:setup", ...args], options),
    answer: (type: string, ...args: string[]) =>
      runAzuOnTerminal(["session:setup", ...args], {
        ...options,
        answer: [{ waitFor: QUESTION, type }],
      }),
    [Symbol.asyncDispose]: () => app[Symbol.asyncDispose](),
  };
}

/** The app as it was, and what every set-up of Redis adds to it. */
function setUp(after: Record<string, string>, more: Record<string, string> = {}) {
  return {
    ...APP,
    "shard.yml": (APP["shard.yml"] ?? "").replace(
      "azutoolkit/azu\n",
      (line) =>
        `${line}  session:\n    github: azutoolkit/session\n  redis:\n    github: stefanwille/crystal-redis\n`,
    ),
    ".gitignore": "/lib/\n/bin/\n.env\n",
    ".env.example": after[".env.example"] ?? "",
    [INITIALIZER]: after[INITIALIZER] ?? "",
    ...more,
  };
}

Deno.test("without anybody to ask, the source stays, and the lines are among the steps", async () => {
  await using app = await appOf();
  const result = await app.azu();
  deepStrictEqual([result.code, result.stderr], [0, ""]);
  const after = await app.files();
  deepStrictEqual(after, setUp(after));
  match(after[".env.example"] ?? "", /^# SESSION_SECRET: at least .*\nSESSION_SECRET=\n/);
  match(after[".env.example"] ?? "", /\n# REDIS_URL: redis:\/\/.*\nREDIS_URL=\n$/);
  match(result.stdout, /^ {2}offer {6}src\/my_app\.cr$/m);
  match(result.stdout, /^\+require "\.\/initializers\/session"$/m);
  match(result.stdout, /^\+ {6}MyApp::SessionHandler\.new,$/m);
  match(result.stdout, /\d\. Add to src\/my_app\.cr: require "\.\/initializers\/session"\n/);
  match(
    result.stdout,
    /\d\. Add at the end of the handlers in src\/my_app\.cr: MyApp::SessionHandler\.new\n/,
  );
  match(result.stdout, /With --yes, azu makes the offered changes\n$/);
  const again = await app.azu();
  match(
    again.stdout,
    /^Nothing to change: 4 file\(s\) are up to date, but the app's source is not complete\nNext steps:/m,
  );
  deepStrictEqual(await app.files(), after);
});

for (const yes of ["--yes", "-y"]) {
  Deno.test(`${yes} makes the changes, and then there is nothing to change`, async () => {
    await using app = await appOf();
    const result = await app.azu(yes);
    deepStrictEqual([result.code, result.stderr], [0, ""]);
    const after = await app.files();
    deepStrictEqual(after, setUp(after, { [MAIN]: INTEGRATED }));
    match(result.stdout, /^ {2}update {5}src\/my_app\.cr$/m);
    match(result.stdout, /^\+ {6}MyApp::SessionHandler\.new,$/m);
    doesNotMatch(result.stdout, /\d\. Add to|--yes/);
    const again = await app.azu();
    match(again.stdout, /✓ Nothing to change: 4 file/);
    doesNotMatch(again.stdout, /my_app\.cr|Add to/);
    deepStrictEqual(await app.files(), after);
  });
}

Deno.test("the app stays formatted", needs("crystal"), async () => {
  await assertFormatted({ before: APP[MAIN] ?? "", after: INTEGRATED });
});

Deno.test("with --json nothing is asked, and each file has its action", async () => {
  await using app = await appOf();
  const run = async (...args: string[]) => {
    const { outcome, files, nextSteps } = JSON.parse((await app.azu("--json", ...args)).stdout);
    const file = files.find(({ path }: { path: string }) => path === MAIN);
    const asked = nextSteps.filter((step: string) => /^Add (to|at) /.test(step));
    return { outcome, action: file?.action, diff: file?.diff.split("\n").length, asked };
  };
  const asked = [
    `Add to ${MAIN}: ${REQUIRE}`,
    `Add at the end of the handlers in ${MAIN}: ${HANDLER}`,
  ];
  const diff = 18;
  deepStrictEqual(await run("--dry-run"), { outcome: "planned", action: "offer", diff, asked });
  deepStrictEqual(await run(), { outcome: "written", action: "offer", diff, asked });
  deepStrictEqual(await run(), { outcome: "unchanged", action: "offer", diff, asked });
  const made = { action: "update", diff, asked: [] };
  deepStrictEqual(await run("--dry-run", "-y"), { outcome: "planned", ...made });
  deepStrictEqual(await run("-y"), { outcome: "written", ...made });
  deepStrictEqual(await run("-y"), {
    outcome: "unchanged",
    action: undefined,
    diff: undefined,
    asked: [],
  });
});

Deno.test("a dry run shows what is offered, and asks nothing", needs("script"), async () => {
  await using app = await appOf();
  const args = ["session:setup", "--dry-run"];
  const { code, output } = await runAzuOnTerminal(args, { ...app.options, timeoutMs: 20_000 });
  strictEqual(code, 0);
  match(output, /offer {6}src\/my_app\.cr/);
  doesNotMatch(output, /\[y\/N\]/);
  deepStrictEqual(await app.files(), APP);
});

for (
  const [type, changed] of [["y\n", true], ["YES\n", true], ["n\n", false], ["\n", false]] as const
) {
  Deno.test(
    `${JSON.stringify(type)} at a terminal: everything else is written`,
    needs("script"),
    async () => {
      await using app = await appOf();
      const { code, output } = await app.answer(type);
      strictEqual(code, 0);
      const after = await app.files();
      deepStrictEqual(after, setUp(after, changed ? { [MAIN]: INTEGRATED } : {}));
      match(output, /Sessions are set up/);
      strictEqual(
        output.includes(`Add at the end of the handlers in ${MAIN}: ${HANDLER}`),
        !changed,
      );
      doesNotMatch(output, /--yes/);
    },
  );
}

for (
  const [name, type, exit] of [
    ["Ctrl-C", "\x03", 130],
    ["Ctrl-D", "\x04", 0],
    ["y and Ctrl-D", "y\x04\x04", 0],
  ] as const
) {
  Deno.test(`${name} at the question: nothing at all is written`, needs("script"), async () => {
    await using app = await appOf();
    const { code, output } = await app.answer(type);
    strictEqual(code, exit);
    match(output, /Nothing was written/);
    doesNotMatch(output, /Sessions are set up|Next steps/);
    deepStrictEqual(await app.files(), APP);
  });
}

Deno.test("who is quiet or redirects still sees what is asked about", needs("script"), async () => {
  for (const more of [{ stdoutTo: "/dev/null" }, {}]) {
    await using app = await appOf();
    const args = ["session:setup", ...("stdoutTo" in more ? [] : ["--quiet"])];
    const { output } = await runAzuOnTerminal(args, {
      ...app.options,
      ...more,
      answer: [{ waitFor: QUESTION, type: "y\n" }],
    });
    match(
      output,
      /Add at the end of the handlers in src\/my_app\.cr: MyApp::SessionHandler\.new\r?\n/,
    );
    strictEqual((await app.files())[MAIN], INTEGRATED);
  }
});

Deno.test(
  "a conflict changes nothing without --force",
  needs("script"),
  async () => {
    const files = { ...APP, [INITIALIZER]: "# my own\nmine\n" };
    await using app = await appOf(files);
    for (const args of [[], ["--yes"]]) {
      const refused = await app.azu(...args);
      strictEqual(refused.code, 1);
      match(refused.stderr, /session\.cr exists and differs; nothing was changed/);
    }
    const terminal = await runAzuOnTerminal(["session:setup"], {
      ...app.options,
      timeoutMs: 20_000,
    });
    strictEqual(terminal.code, 1);
    doesNotMatch(terminal.output, /\[y\/N\]/);
    deepStrictEqual(await app.files(), files);
    const forced = await app.azu("--force", "--yes");
    strictEqual(forced.code, 0);
    match(forced.stdout, /^-mine$/m);
    const after = await app.files();
    deepStrictEqual(after, setUp(after, { [MAIN]: INTEGRATED }));
  },
);

Deno.test("--force alone does not change the app's own source", async () => {
  await using app = await appOf();
  strictEqual((await app.azu("--force")).code, 0);
  strictEqual((await app.files())[MAIN], APP[MAIN]);
});

Deno.test("setup in an empty folder lists what to add", async () => {
  await using app = await appOf({});
  const { code, stdout, stderr } = await app.azu("-y", "-b", "memory");
  deepStrictEqual([code, stderr], [0, ""]);
  deepStrictEqual(Object.keys(await app.files()), [".env.example", ".gitignore", INITIALIZER]);
  match(stdout, /\d\. Add to the app's main file in src\/: require "\.\/initializers\/session"\n/);
  match(stdout, /\d\. Add at the end of the app's handlers: \w+::SessionHandler\.new\n/);
});

Deno.test("the handlers may be in another file of the app's module", async () => {
  const list = "module MyApp\n  def self.handlers\n    [\n      A.new,\n    ]\n  end\nend\n";
  const main = 'require "./initializers/*"\n\nmodule MyApp\n  include Azu\nend\n';
  const others = { "src/jobs.cr": list.replace("MyApp", "Jobs"), "src/web/handlers.cr": list };
  await using app = await appOf({ "shard.yml": "name: x\n", "src/x.cr": main, ...others });
  strictEqual((await app.azu("--yes")).code, 0);
  const { "src/x.cr": mainAfter, "src/jobs.cr": jobs, ...after } = await app.files();
  deepStrictEqual([mainAfter, jobs], [main, others["src/jobs.cr"]]);
  strictEqual(after["src/web/handlers.cr"], list.replace("A.new,", `A.new,\n      ${HANDLER},`));
  await using twice = await appOf({ "src/my_app.cr": main, "src/a.cr": list, "src/b.cr": list });
  match((await twice.azu()).stdout, /Add at the end of the app's handlers: /);
});

Deno.test("two files are two offers and one question", needs("script"), async () => {
  const list = "module MyApp\n  def self.handlers\n    [\n      A.new,\n    ]\n  end\nend\n";
  const main = 'require "azu"\n\nmodule MyApp\n  include Azu\nend\n';
  await using app = await appOf({ "shard.yml": "name: my_app\n", [MAIN]: main, "src/a.cr": list });
  const { code, output } = await runAzuOnTerminal(["session:setup"], {
    ...app.options,
    answer: [{
      waitFor: "Make the offered changes in src/my_app.cr and src/a.cr too? [y/N]: ",
      type: "y\n",
    }],
  });
  strictEqual(code, 0, output);
  const after = await app.files();
  strictEqual(after[MAIN], main.replace('azu"\n', () => `azu"\n${REQUIRE}\n`));
  strictEqual(after["src/a.cr"], list.replace("A.new,", `A.new,\n      ${HANDLER},`));
});

Deno.test("the session shard's own handler is warned about, and not touched", async () => {
  const main = INTEGRATED.replace(HANDLER, "Session::SessionHandler.new(Session.session)");
  await using app = await appOf({ ...APP, [MAIN]: main });
  const { code, stdout, stderr } = await app.azu("--yes");
  strictEqual(code, 0);
  match(stderr, /^warning: src\/my_app\.cr, line 15, uses .* visitors share sessions$/m);
  match(
    stdout,
    /\d\. In src\/my_app\.cr, line 15, replace Session::SessionHandler\.new\(Session\.session\) with MyApp::SessionHandler\.new\n/,
  );
  strictEqual((await app.files())[MAIN], main);
});

Deno.test("an existing handler is not offered again", async () => {
  const files = { ...APP, "src/server.cr": `require "./my_app"\n\nMyApp.start [${HANDLER}]\n` };
  await using app = await appOf(files);
  doesNotMatch((await app.azu()).stdout, /SessionHandler/);
});

Deno.test(".env that is kept in git on purpose gets a warning only", async () => {
  await using app = await appOf({ ...APP, ".gitignore": ".env*\n!.env\n" });
  const { stdout, stderr } = await app.azu();
  match(stdout, /unchanged {2}\.gitignore/);
  match(stderr, /^warning: A line in \.gitignore keeps \.env in git/m);
});

Deno.test("a main file that is a link, or cannot be read, ends as every such file does", async () => {
  await using app = await appOf({ "shard.yml": "name: my_app\n" });
  await using elsewhere = await tempDir();
  await writeTree(elsewhere.path, { "main.cr": APP[MAIN] ?? "" });
  await Deno.mkdir(`${app.path}/src`);
  await Deno.symlink(`${elsewhere.path}/main.cr`, `${app.path}/${MAIN}`);
  const before = await app.files();
  const refused = await app.azu("--yes");
  strictEqual(refused.code, 1);
  match(refused.stderr, /my_app\.cr is a symbolic link; nothing was changed/);
  deepStrictEqual(await app.files(), before);
  strictEqual((await app.azu()).code, 0);
  strictEqual(await Deno.readTextFile(`${elsewhere.path}/main.cr`), APP[MAIN]);
  await Deno.remove(`${app.path}/${MAIN}`);
  await Deno.writeFile(`${app.path}/${MAIN}`, new Uint8Array([0xff, 0x0a]));
  match((await app.azu()).stderr, /my_app\.cr: it is not UTF-8/);
});

Deno.test("what is shown around an offer holds no secret", async () => {
  const main = (APP[MAIN] ?? "")
    .replace("include Azu", 'include Azu\n  API_KEY = "key-hunter2" + "session"')
    .replace("Azu::Handler::Logger.new,", 'Azu::Handler::Auth.new("redis://:url-hunter2@host")');
  const example = "STRIPE_KEY=sk_hunter2\nexport OTHER=also-hunter2";
  await using app = await appOf({ ...APP, [MAIN]: main, ".env.example": example });
  for (const mode of [[], ["--json"], ["--yes"]]) {
    const { stdout, stderr } = await app.azu("--dry-run", ...mode);
    match(stdout, /\+require \\?".\/initializers\/session\\?"/);
    match(stdout, /\+ +MyApp::SessionHandler/);
    match(stdout, /\+ +Azu::Handler::Auth\.new\(\\?"\*\*\*\\?"\),/);
    match(stdout, /\+export OTHER=\*\*\*/);
    doesNotMatch(stdout + stderr, /hunter2/);
  }
  await app.azu();
  strictEqual((await app.files())[".env.example"]?.startsWith(`${example}\n`), true);
});

Deno.test(
  "--apply at a terminal asks first, and creates nothing where nothing is agreed to",
  needs("script"),
  async () => {
    await using app = await appOf();
    const { code } = await runAzuOnTerminal(["session:setup", "-b", "database", "--apply"], {
      ...app.options,
      env: { DATABASE_URL: "sqlite3://./app.db" },
      answer: [{ waitFor: QUESTION, type: "\x03" }],
    });
    strictEqual(code, 130);
    deepStrictEqual(await app.files(), APP);
  },
);

/** Whether the variable is in .env.example, by what the app's source says. */
const ENCRYPTION: readonly (readonly [source: string, isThere: boolean])[] = [
  ["Session.configure do |config|\n  config.encrypt_redis_data = true\nend\n", true],
  ['Session.configure { |c| c.encrypt_redis_data = ENV["PLAIN"]?.nil? }\n', true],
  ["Session.configure { |c| c.encrypt_redis_data = false }\n", false],
  ["# config.encrypt_redis_data = true\n", false],
  ["puts Session.config.encrypt_redis_data == true\n", false],
];

for (const [source, isThere] of ENCRYPTION) {
  Deno.test(`SESSION_SECRET_PREVIOUS in .env.example: ${source}`, async () => {
    await using app = await appOf({ ...APP, "src/initializers/encryption.cr": source });
    await app.azu();
    const example = (await app.files())[".env.example"] ?? "";
    strictEqual(/^SESSION_SECRET_PREVIOUS=$/m.test(example), isThere, example);
  });
}
