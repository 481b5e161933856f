/** Templates of one's own: copied by --eject, used by `templates` in the config. */
import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { ownTemplates, templateNames } from "../../../src/app/crystal_templates.ts";
import { runAzu } from "../../support/cli.ts";
import { readTree, tempDir, writeTree } from "../../support/temp.ts";

const SHARD = "name: my-shop\n";
const CONFIG = 'export default { templates: "./azu_templates", session: { backend: "memory" } };\n';
const INITIALIZER = "src/initializers/session.cr";

async function appOf(files: Record<string, string> = {}) {
  const folder = await tempDir();
  await writeTree(folder.path, { "shard.yml": SHARD, ...files });
  return {
    azu: (...args: string[]) => runAzu(["session:setup", ...args], { cwd: folder.path }),
    files: () => readTree(folder.path),
    write: (more: Record<string, string>) => writeTree(folder.path, more),
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}

const ejected = Object.fromEntries(
  templateNames.map((name) => [`azu_templates/${name}`, ownTemplates[name]]),
);

Deno.test("--eject copies every template beside the config, and nothing else", async () => {
  await using app = await appOf();
  const { code, stdout, stderr } = await app.azu("--eject");
  deepStrictEqual([code, stderr], [0, ""]);
  match(stdout, /Add to azu\.config\.ts: templates: "\.\/azu_templates"/);
  deepStrictEqual(await app.files(), { "shard.yml": SHARD, ...ejected });
  const again = await app.azu("--eject");
  match(again.stdout, /✓ Nothing to change/);
});

Deno.test("--eject overwrites no template that was changed, without --force", async () => {
  const mine = { "azu_templates/handler.cr.eta": "  # mine\n" };
  await using app = await appOf(mine);
  const { code, stdout, stderr } = await app.azu("--eject");
  strictEqual(code, 1);
  match(stdout, /^- {2}# mine$/m);
  match(stderr, /azu_templates\/handler\.cr\.eta exists and differs; nothing was changed/);
  deepStrictEqual(await app.files(), { "shard.yml": SHARD, ...mine });
  strictEqual((await app.azu("--eject", "--force")).code, 0);
  deepStrictEqual(await app.files(), { "shard.yml": SHARD, ...ejected });
});

Deno.test("--eject goes to the folder that the config names; a dry run writes nothing", async () => {
  const config = { "azu.config.ts": CONFIG.replace("./azu_templates", "./config/sessions") };
  await using app = await appOf(config);
  const dry = JSON.parse((await app.azu("--eject", "--dry-run", "--json")).stdout);
  deepStrictEqual([dry.outcome, dry.exitCode, dry.files.length], ["planned", 0, 12]);
  deepStrictEqual(await app.files(), { "shard.yml": SHARD, ...config });
  strictEqual((await app.azu("--eject")).code, 0);
  const files = await app.files();
  strictEqual(files["config/sessions/session.cr.eta"], ownTemplates["session.cr.eta"]);
});

Deno.test("the config's templates are used; for those not there, azu's own", async () => {
  await using app = await appOf({
    "azu.config.ts": CONFIG,
    "azu_templates/context.cr.eta": "# Mine, for <%~ it.module %> and <%= it.app %>\n",
  });
  const { code, stderr } = await app.azu();
  deepStrictEqual([code, stderr], [0, ""]);
  const source = (await app.files())[INITIALIZER] ?? "";
  match(source, /^# Mine, for MyShop and "my-shop"$/m);
  match(source, /class SessionHandler$/m);
  strictEqual(source.includes("class HTTP::Server::Context"), false);
});

for (
  const [name, files, message] of [
    ["is not there", {}, /templates: cannot read .*azu_templates: .*\n.*--eject/],
    ["is a file", { azu_templates: "x" }, /templates: .*azu_templates is not a folder/],
    ["holds a template that is none", {
      "azu_templates/handler.cr.eta": "<% if ( { %>",
    }, /handler\.cr\.eta: cannot be rendered: /],
    ["holds a template that asks for what is not there", {
      "azu_templates/handler.cr.eta": "<%~ it.nothing.at.all %>",
    }, /handler\.cr\.eta: cannot be rendered: /],
  ] as const
) {
  Deno.test(`templates: exit 2 and nothing written where the folder ${name}`, async () => {
    const before = { "shard.yml": SHARD, "azu.config.ts": CONFIG, ...files };
    await using app = await appOf({ "azu.config.ts": CONFIG, ...files });
    const { code, stderr } = await app.azu();
    strictEqual(code, 2, stderr);
    match(stderr, message);
    deepStrictEqual(await app.files(), before);
  });
}

Deno.test("templates of an earlier version are refused", async () => {
  await using app = await appOf({
    "azu.config.ts": CONFIG,
    "azu_templates/cluster.cr.eta": "  config.cluster.enabled = true\n",
  });
  const { code, stderr } = await app.azu();
  strictEqual(code, 2);
  match(stderr, /azu_templates contains cluster\.cr\.eta, which azu does not use/);
});
