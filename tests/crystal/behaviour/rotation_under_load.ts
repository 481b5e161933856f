/**
 * A new secret while the app is used, as docs/how-to/rotate-the-secret.md has it: nobody is logged
 * out, nothing that has ended lives again, and in the end no session needs the old secret.
 */
import { match, ok, strictEqual } from "node:assert/strict";
import { handleOf } from "../../../src/backends/handle.ts";
import { runAzu, spawnAzu } from "../../support/cli.ts";
import { needs } from "../../support/env.ts";
import { appFolder } from "../app.ts";
import { openBacking } from "../backing.ts";
import { Load } from "../load.ts";
import type { LiveSession } from "../load_visitor.ts";
import { type Node, startNode } from "../running_app.ts";
import { chosenVariants, environmentOf, type Variant } from "../variants.ts";

const [OLD = "", NEW = ""] = ["1", "2"].map((digit) => digit.repeat(64));

/** How often azu is killed while it reseals. */
const KILLS = 6;

type Env = Readonly<Record<string, string>>;

for (const variant of chosenVariants("redis", "postgres")) {
  const of = (what: string) => `${variant.name}: ${what}`;

  Deno.test(of("a rotation under load logs nobody out"), needs(...variant.needs), async () => {
    await rotate(variant, async (azu) => {
      const { code, stdout, stderr } = await runAzu(["session:copy", "--reseal", "--force"], azu);
      strictEqual(code, 0, stdout + stderr);
      match(stdout, /^✓ Read \d+ session\(s\) again: none needs an older secret$/m);
    });
  });

  Deno.test(of("and also if azu is killed meanwhile"), needs(...variant.needs), async () => {
    await rotate(variant, async (azu) => {
      let killed = 0;
      for (let kill = 0; kill < KILLS; kill++) {
        // Small batches with rests, so that it is killed between two of them, or amid one.
        const args = ["session:copy", "--reseal", "--force", "--batch", "20", "--pause", "10ms"];
        await using running = await spawnAzu(args, azu);
        await running.waitFor("Resealing sessions...");
        await new Promise((resolve) => setTimeout(resolve, Math.random() * 400));
        running.signal("SIGKILL");
        if ((await running.finished()).code !== 0) killed++;
      }
      ok(killed > 0);
      const { code, stdout, stderr } = await runAzu(["session:copy", "--reseal", "--force"], azu);
      strictEqual(code, 0, stdout + stderr);
    });
  });
}

/** @param reseal Runs azu with these options. */
async function rotate(
  variant: Variant,
  reseal: (azu: { readonly cwd: string; readonly env: Env }) => Promise<void>,
): Promise<void> {
  await using backing = await openBacking(variant);
  const cwd = appFolder(variant);
  const envOf = (secret: string, previous?: string): Env => ({
    ...backing.env,
    TEST_ENCRYPT: "1",
    SESSION_SECRET: secret,
    ...(previous === undefined ? {} : { SESSION_SECRET_PREVIOUS: previous }),
  });
  const azu = (env: Env) => ({ cwd, env: { AZU_ENV: environmentOf(variant), ...env } });
  await using nodes = await Nodes.start(variant, envOf(OLD));
  await using load = await Load.start(nodes.all);
  const revoke = (env: Env) => load.revoke(5, (sessions) => revoked(sessions, azu(env)));
  await load.visited(2);

  for (const env of [envOf(OLD, NEW), envOf(NEW, OLD)]) {
    await nodes.replace(env, load);
    await revoke(env);
    await load.visited(1);
  }
  const rotating = envOf(NEW, OLD);
  ok(await leftToReseal(azu(rotating)) > 0);
  await Promise.all([reseal(azu(rotating)), revoke(rotating)]);
  strictEqual(await leftToReseal(azu(rotating)), 0);

  await nodes.replace(envOf(NEW), load);
  await load.visited(2);
  await load.stop();
  const { visits, logins, logouts, probes } = load.counts;
  for (const count of [visits, logins, logouts, probes]) {
    ok(count > 20, JSON.stringify(load.counts));
  }
  strictEqual(load.counts.revoked, 15);
}

/** Two nodes of an app, replaced one after the other as in a rolling deployment. */
class Nodes implements AsyncDisposable {
  readonly #variant: Variant;
  #all: readonly Node[];

  private constructor(variant: Variant, all: readonly Node[]) {
    this.#variant = variant;
    this.#all = all;
  }

  static async start(variant: Variant, env: Env): Promise<Nodes> {
    return new Nodes(variant, [await startNode(variant, env), await startNode(variant, env)]);
  }

  get all(): readonly Node[] {
    return this.#all;
  }

  async replace(env: Env, load: Load): Promise<void> {
    for (const old of this.#all) {
      const others = this.#all.filter((node) => node !== old);
      this.#all = [...others, await startNode(this.#variant, env)];
      await load.useNodes(this.#all);
      await old[Symbol.asyncDispose]();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const node of this.#all) await node[Symbol.asyncDispose]();
  }
}

async function revoked(
  sessions: readonly LiveSession[],
  azu: { readonly cwd: string; readonly env: Env },
): Promise<void> {
  const handles = sessions.flatMap(({ id }) => ["--handle", handleOf(id)]);
  const { code, stderr } = await runAzu(["session:revoke", "--force", ...handles], azu);
  strictEqual(code, 0, stderr);
}

/** How many sessions azu would reseal. */
async function leftToReseal(azu: { readonly cwd: string; readonly env: Env }): Promise<number> {
  const { stdout } = await runAzu(["session:copy", "--reseal", "--dry-run", "--json"], azu);
  const { resealed }: { resealed: number } = JSON.parse(stdout);
  return resealed;
}
