/**
 * The recipe for a change of the store (docs/how-to/switch-to-another-backend.md), while visitors
 * keep requesting, log in, log out and are revoked: nobody is logged out, nothing that was visited
 * is lost, and no session that has ended is alive again.
 */
import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { needs } from "../../support/env.ts";
import { Load } from "../load.ts";
import { type Move, MOVES, MovingApp, SERVICES, stepsOf } from "../moving_app.ts";
import type { Node } from "../running_app.ts";

/** Two nodes of the app, which are replaced one after the other. */
class Deployment implements AsyncDisposable {
  #nodes: Node[] = [];
  readonly #app: MovingApp;

  constructor(app: MovingApp) {
    this.#app = app;
  }

  get nodes(): readonly Node[] {
    return this.#nodes;
  }

  async begin(environment: string): Promise<void> {
    this.#nodes = [await this.#app.node(environment), await this.#app.node(environment)];
  }

  /** A rolling deployment: for a while, an old node and a new one serve together. */
  async roll(load: Load, environment: string): Promise<void> {
    const [first, second] = this.#nodes;
    if (first === undefined || second === undefined) throw new Error("nothing runs");
    const newFirst = await this.#app.node(environment);
    await load.useNodes([second, newFirst]);
    await first[Symbol.asyncDispose]();
    this.#nodes = [second, newFirst];
    await load.visited(2);
    const newSecond = await this.#app.node(environment);
    await load.useNodes([newFirst, newSecond]);
    await second[Symbol.asyncDispose]();
    this.#nodes = [newFirst, newSecond];
    await load.visited(2);
  }

  /** All new nodes in the place of all old ones, at once. */
  async replace(load: Load, environment: string): Promise<void> {
    const old = this.#nodes;
    const nodes = [await this.#app.node(environment), await this.#app.node(environment)];
    await load.useNodes(nodes);
    this.#nodes = nodes;
    for (const node of old) await node[Symbol.asyncDispose]();
    await load.visited(2);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const node of this.#nodes) await node[Symbol.asyncDispose]();
  }
}

/** @param kills How often each copy is killed before it may finish. */
async function moveUnderLoad(move: Move, kills: number, isRolling: boolean): Promise<void> {
  await using app = await MovingApp.start(move);
  await using deployment = new Deployment(app);
  const { before, between, moving, after } = stepsOf(move);
  await deployment.begin(before);
  await using load = await Load.start(deployment.nodes);
  const revokeIn = async (environment: string) => {
    await load.revoke(4, async (sessions) => {
      const users = sessions.flatMap(({ user }) => ["--user", String(user)]);
      await app.azu(environment, ["session:revoke", ...users, "--force"]);
    });
  };
  await load.visited(3);
  await app.copy(before, move, [], kills);
  await revokeIn(before);
  await load.visited(2);
  if (isRolling) {
    await deployment.roll(load, between);
    await revokeIn(between);
    await deployment.roll(load, moving);
  } else {
    await deployment.replace(load, moving);
  }
  await revokeIn(moving);
  const copying = app.copy(moving, move, ["--remove-ended"], kills);
  await Promise.all([copying, revokeIn(moving)]);
  await load.visited(2);
  if (isRolling) {
    // Moves the sessions of those who have not come.
    const [node] = deployment.nodes;
    strictEqual((await node?.visitor().post("/store/move"))?.status, 200);
    deepStrictEqual(await app.ids(move.from), []);
    await deployment.roll(load, after);
  } else {
    await deployment.replace(load, after);
  }
  await revokeIn(after);
  await app.azu(after, ["session:clear", "--backend", move.from, "--force"]);
  await load.visited(3);
  await load.stop();
  const { visits, logins, logouts, revoked, probes } = load.counts;
  for (const count of [visits, logins - 200, logouts, revoked, probes]) {
    strictEqual(count > 0, true, JSON.stringify(load.counts));
  }
}

for (const move of MOVES) {
  const name = `${move.from} to ${move.to}`;

  Deno.test(`${name}: a rolling move under load`, needs(...SERVICES), async () => {
    await moveUnderLoad(move, 0, true);
  });

  Deno.test(`${name}: a move under load, with killed copies`, needs(...SERVICES), async () => {
    await moveUnderLoad(move, 4, false);
  });
}
