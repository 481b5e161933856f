/** What `azu session:sweep --schedule` prints is what the schedulers understand. */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { join } from "node:path";
import { parse } from "yaml";
import { runAzu } from "../../support/cli.ts";
import { which } from "../../support/servers/programs.ts";
import { tempDir } from "../../support/temp.ts";

const FOLDERS = ["shop", "my shop", 'it\'s 50% off $HOME `id` \\ "x" #1'];
const ARGS = ["session:sweep", "--backend", "database", "--env", "it's 5% $HOME"];
const REST = ["session:sweep", "--env", "it's 5% $HOME", "--quiet", "--backend", "database"];

async function scheduled(cwd: string, ...args: string[]): Promise<string> {
  const { stdout, stderr, code } = await runAzu([...ARGS, ...args], { cwd });
  strictEqual(code, 0, stderr);
  return stdout;
}

/** An app in a folder of that name, which names its environments. */
async function appIn(parent: string, name: string): Promise<string> {
  const root = join(parent, name);
  await Deno.mkdir(root);
  await Deno.writeTextFile(join(root, "shard.yml"), "name: shop\n");
  await Deno.writeTextFile(
    join(root, "azu.config.ts"),
    `export default { environments: { "it's 5% $HOME": {} } };`,
  );
  return root;
}

Deno.test("cron: the shell runs azu in the app's folder, whatever its name", async () => {
  await using parent = await tempDir();
  const stub = join(parent.path, "azu");
  await Deno.writeTextFile(stub, '#!/bin/sh\npwd\nfor a in "$@"; do echo "$a"; done\n');
  await Deno.chmod(stub, 0o755);
  for (const name of FOLDERS) {
    const root = await appIn(parent.path, name);
    const lines = (await scheduled(root, "--schedule", "cron", "--grace", "7d")).split("\n");
    const entry = lines.find((line) => !line.startsWith("#")) ?? "";
    const [, command = ""] = /^\d+ \* \* \* \* (.*)$/.exec(entry) ?? [];
    ok(!/(?<!\\)%/.test(command), "cron would end the command at a %");
    const { stdout } = await new Deno.Command("sh", {
      args: ["-c", command.replaceAll("\\%", "%")],
      env: { PATH: `${parent.path}:${Deno.env.get("PATH")}` },
    }).output();
    const words = new TextDecoder().decode(stdout).trimEnd().split("\n");
    const expected = [root, ...REST, "--grace", "1w", "--time-budget", "10m"];
    // The executable stands with its own path; then the stub is not called.
    if (command.includes("&& azu ")) deepStrictEqual(words, expected);
    else match(command, /&& \/\S+ session:sweep --env /);
  }
});

Deno.test({
  name: "systemd: the units are valid",
  ignore: which("systemd-analyze") === undefined,
  async fn() {
    for (const name of FOLDERS) {
      await using parent = await tempDir();
      const root = await appIn(parent.path, name);
      const text = await scheduled(root, "--schedule", "systemd");
      const units = text.split(/^# \/etc\/systemd\/system\/(\S+)$/m).slice(1);
      deepStrictEqual([units[0], units[2]], ["azu-sweep-shop.service", "azu-sweep-shop.timer"]);
      const files = [0, 2].map((at) => join(parent.path, units[at] ?? ""));
      // From source, azu is not installed.
      const service = (units[1] ?? "").replace('ExecStart="azu"', 'ExecStart="/bin/true"');
      await Deno.writeTextFile(files[0] ?? "", service);
      await Deno.writeTextFile(files[1] ?? "", units[3] ?? "");
      const { stderr, success } = await new Deno.Command("systemd-analyze", {
        args: ["verify", "--man=no", ...files],
      }).output();
      const complaints = new TextDecoder().decode(stderr).split("\n")
        .filter((line) => line.includes("azu-sweep"));
      deepStrictEqual([complaints, success], [[], true]);
    }
  },
});

Deno.test("kubernetes: the manifest is a CronJob", async () => {
  await using parent = await tempDir();
  const root = await appIn(parent.path, "shop");
  const manifest = parse(await scheduled(root, "--schedule", "kubernetes", "--time-budget", "90s"));
  strictEqual(manifest.apiVersion, "batch/v1");
  strictEqual(manifest.kind, "CronJob");
  match(manifest.metadata.name, /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/);
  match(manifest.spec.schedule, /^\d+ \* \* \* \*$/);
  const { template } = manifest.spec.jobTemplate.spec;
  strictEqual(template.spec.restartPolicy, "Never");
  const [container] = template.spec.containers;
  deepStrictEqual(container.command, ["azu", ...REST, "--time-budget", "90s"]);
});

Deno.test("what a scheduler needs is printed with --quiet too", async () => {
  await using parent = await tempDir();
  const root = await appIn(parent.path, "shop");
  for (const scheduler of ["cron", "systemd", "kubernetes"]) {
    const usual = await scheduled(root, "--schedule", scheduler);
    match(usual, /azu/);
    strictEqual(await scheduled(root, "--schedule", scheduler, "--quiet"), usual);
    const { schedule } = JSON.parse(await scheduled(root, "--schedule", scheduler, "--json"));
    strictEqual(`${schedule.join("\n")}\n`, usual);
  }
});

Deno.test("an unknown scheduler is refused, and nothing is removed", async () => {
  await using app = await tempDir();
  const { stderr, code } = await runAzu(["session:sweep", "--schedule", "at"], { cwd: app.path });
  match(stderr, /cron, systemd, kubernetes/);
  strictEqual(code, 2);
});
