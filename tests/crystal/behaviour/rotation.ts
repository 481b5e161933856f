/** After the secret is changed, nobody is logged out, and sessions are sealed with the new one. */
import { deepStrictEqual, notStrictEqual, strictEqual } from "node:assert/strict";
import { Buffer } from "node:buffer";
import { PayloadReader, SHARD_PAYLOAD } from "../../../src/backends/payload.ts";
import { runAzu } from "../../support/cli.ts";
import { needs } from "../../support/env.ts";
import { appFolder } from "../app.ts";
import { type Backing, openBacking } from "../backing.ts";
import { type Node, startNode } from "../running_app.ts";
import { chosenVariants, environmentOf, REMOTE, type Variant } from "../variants.ts";

const [FIRST = "", SECOND = "", THIRD = ""] = ["1", "2", "3"].map((digit) => digit.repeat(64));

interface Secrets {
  readonly secret: string;
  /** SESSION_SECRET_PREVIOUS; undefined if it is not set. */
  readonly previous?: string;
}

function environment({ secret, previous }: Secrets): Record<string, string> {
  const before = previous === undefined ? {} : { SESSION_SECRET_PREVIOUS: previous };
  return { SESSION_SECRET: secret, ...before };
}

const SEALED = { TEST_ENCRYPT: "1" };

/** Whether the secret alone opens a session as the store holds it. */
async function opens(secret: string, backing: Backing, id: string): Promise<boolean> {
  const raw = Buffer.from(await backing.raw?.(id) ?? "", "latin1");
  const reading = new PayloadReader(SHARD_PAYLOAD, "sealed", [secret]).read(raw);
  notStrictEqual(reading, "unreadable");
  return reading !== "sealed";
}

/** Asks the app who each visitor is: the user, or null. */
async function users(node: Node, ids: readonly string[]): Promise<(number | null)[]> {
  return await Promise.all(ids.map(async (id) => (await node.visitor(id).get("/me")).user));
}

async function withNode<T>(
  variant: Variant,
  env: Readonly<Record<string, string>>,
  use: (node: Node) => Promise<T>,
): Promise<T> {
  await using node = await startNode(variant, env);
  return await use(node);
}

for (const variant of chosenVariants(...REMOTE)) {
  const of = (what: string) => `${variant.name}: ${what}`;

  Deno.test(of("a new secret logs nobody out"), needs(...variant.needs), async () => {
    await using backing = await openBacking(variant);
    const run = <T>(secrets: Secrets, use: (node: Node) => Promise<T>) =>
      withNode(variant, { ...backing.env, ...SEALED, ...environment(secrets) }, use);

    const ids = await run({ secret: FIRST }, async (node) => {
      const logins = [1, 2, 3].map((user) => node.visitor().logIn(user));
      return (await Promise.all(logins)).map(({ id }) => id);
    });
    const [one = "", two = "", three = ""] = ids;
    for (const id of ids) strictEqual(await opens(FIRST, backing, id), true);

    await run({ secret: SECOND, previous: FIRST }, async (node) => {
      deepStrictEqual(await users(node, ids), [1, 2, 3]);
      const changed = await node.visitor(one).post("/touch?value=kept");
      deepStrictEqual([changed.id, changed.user], [one, 1]);
    });
    deepStrictEqual([await opens(FIRST, backing, one), await opens(SECOND, backing, one)], [
      false,
      true,
    ]);

    // Blanks and empty elements do not count.
    await run({ secret: THIRD, previous: ` ${SECOND},, ${FIRST} ,` }, async (node) => {
      deepStrictEqual(await users(node, ids), [1, 2, 3]);
      strictEqual((await node.visitor(one).get("/me")).value, "kept");
      await node.visitor(two).post("/touch?value=new");
      strictEqual((await node.visitor().logIn(4)).user, 4);
    });
    strictEqual(await opens(THIRD, backing, two), true);

    const { stdout } = await runAzu(["session:list", "--json", "--sort", "user"], {
      cwd: appFolder(variant),
      env: {
        AZU_ENV: environmentOf(variant),
        ...backing.env,
        ...environment({ secret: THIRD, previous: `${SECOND},${FIRST}` }),
      },
    });
    const { sessions }: { sessions: { user: string }[] } = JSON.parse(stdout);
    deepStrictEqual(sessions.map(({ user }) => user).sort(), ["1", "2", "3", "4"]);

    // Without the first secret, who has changed nothing since then is logged out.
    await run({ secret: THIRD, previous: SECOND }, async (node) => {
      deepStrictEqual(await users(node, [one, two, three]), [1, 2, null]);
    });
  });

  Deno.test(of("the app opens what azu has resealed"), needs(...variant.needs), async () => {
    for (const settings of [{}, { TEST_KDF: "1" }, { TEST_KDF: "1", TEST_COMPRESS: "1" }]) {
      await using backing = await openBacking(variant);
      const env = (secrets: Secrets) => {
        return { ...backing.env, ...SEALED, ...settings, ...environment(secrets) };
      };
      const id = await withNode(variant, env({ secret: FIRST }), async (node) => {
        const visitor = node.visitor();
        const { id } = await visitor.logIn(1);
        await visitor.post("/touch?value=kept&times=200"); // long enough to be compressed
        return id;
      });
      const { code, stderr } = await runAzu(["session:copy", "--reseal", "--force"], {
        cwd: appFolder(variant),
        env: {
          AZU_ENV: environmentOf(variant),
          ...env({ secret: SECOND, previous: FIRST }),
        },
      });
      strictEqual(code, 0, stderr);
      deepStrictEqual([await opens(FIRST, backing, id), await opens(SECOND, backing, id)], [
        false,
        true,
      ]);
      await withNode(variant, env({ secret: SECOND }), async (node) => {
        const answer = await node.visitor(id).get("/me");
        deepStrictEqual([answer.id, answer.user, answer.value], [id, 1, "kept".repeat(200)]);
      });
    }
  });

  Deno.test(
    of("old and new processes read each other's sessions"),
    needs(...variant.needs),
    async () => {
      await using backing = await openBacking(variant);
      const env = { ...backing.env, ...SEALED };
      await using old = await startNode(variant, {
        ...env,
        ...environment({ secret: FIRST, previous: SECOND }),
      });
      await using current = await startNode(variant, {
        ...env,
        ...environment({ secret: SECOND, previous: FIRST }),
      });
      const { id } = await old.visitor().logIn(1);
      for (const [value, node, other] of [["a", current, old], ["b", old, current]] as const) {
        await node.visitor(id).post(`/touch?value=${value}`);
        const answer = await other.visitor(id).get("/me");
        deepStrictEqual([answer.id, answer.user, answer.value], [id, 1, value]);
      }
    },
  );

  Deno.test(
    of("a weak previous secret does not stop the app"),
    needs(...variant.needs),
    async () => {
      await using backing = await openBacking(variant);
      // The second is the default of the shard.
      const previous = "x, 1sxc1aNxGHTTZKlK5cpCgufJAqGM4G13 ,,";
      const env = { ...backing.env, ...SEALED, ...environment({ secret: FIRST, previous }) };
      const other = { ...backing.env, ...SEALED, ...environment({ secret: SECOND }) };
      const id = await withNode(variant, other, async (node) => (await node.visitor().logIn(1)).id);
      await withNode(variant, env, async (node) => {
        deepStrictEqual(await users(node, [id]), [null]);
        strictEqual((await node.visitor().logIn(2)).user, 2);
      });
    },
  );

  Deno.test(
    of("without encryption, a secret changes nothing"),
    needs(...variant.needs),
    async () => {
      await using backing = await openBacking(variant);
      const env = (secret: string) => ({ ...backing.env, ...environment({ secret }) });
      const id = await withNode(
        variant,
        env(FIRST),
        async (node) => (await node.visitor().logIn(1)).id,
      );
      await withNode(variant, env(SECOND), async (node) => {
        const answer = await node.visitor(id).get("/me");
        deepStrictEqual([answer.id, answer.user], [id, 1]);
      });
    },
  );
}
