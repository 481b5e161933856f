/** Many requests of one session at once, at two nodes, while it is moved or ended. */
import { deepStrictEqual, notStrictEqual, ok, strictEqual } from "node:assert/strict";
import { needs } from "../../support/env.ts";
import { type Move, MOVES, MovingApp, SERVICES, stepsOf } from "../moving_app.ts";
import type { Node } from "../running_app.ts";

const ROUNDS = 100;
const AT_ONCE = 20;

/** Whether they are alive is not certain while one of them is a logout. */
async function hammer(nodes: readonly Node[], id: string, user: number, isEnded: boolean) {
  const end = isEnded ? Math.floor(Math.random() * AT_ONCE) : undefined;
  const requests = Array.from({ length: AT_ONCE }, async (_, index) => {
    const visitor = nodes[Math.floor(Math.random() * nodes.length)]?.visitor(id);
    if (index === end) return await visitor?.post("/logout");
    return await (index % 3 === 0 ? visitor?.post(`/touch?value=${index}`) : visitor?.get("/me"));
  });
  const answers = (await Promise.all(requests)).map((answer) => [answer?.status, answer?.user]);
  if (!isEnded) deepStrictEqual(answers, answers.map(() => [200, user]));
  deepStrictEqual(answers.filter(([status]) => status !== 200), []);
}

/** @param pair The environments of the two nodes. */
async function hammerAll(move: Move, pair: readonly [string, string]): Promise<void> {
  await using app = await MovingApp.start(move);
  await using old = await app.node(stepsOf(move).before);
  await using first = await app.node(pair[0]);
  await using second = await app.node(pair[1]);
  for (let round = 1; round <= ROUNDS; round++) {
    const isEnded = round % 2 === 0;
    const { id } = await old.visitor().logIn(round);
    await hammer([first, second], id, round, isEnded);
    for (const node of [first, second]) {
      const { user, value, id: shown } = await node.visitor(id).get("/me");
      if (isEnded) {
        deepStrictEqual([round, user], [round, null]);
        notStrictEqual(shown, id);
      } else {
        deepStrictEqual([user, shown], [round, id]);
        ok(Number(value) % 3 === 0 && value !== "", value);
      }
    }
    const homes = [await app.ids(move.from), await app.ids(move.to)];
    strictEqual(homes.filter((ids) => ids.includes(id)).length, isEnded ? 0 : 1, `${round}`);
  }
}

for (const move of MOVES) {
  const { between, moving } = stepsOf(move);
  const name = `${move.from} to ${move.to}`;

  Deno.test(`${name}: requests at once, while it moves`, needs(...SERVICES), async () => {
    await hammerAll(move, [moving, moving]);
  });

  // A node with a cache may serve a session for a moment until it has heard of its end.
  if (move.from === "cluster") continue;
  Deno.test(
    `${name}: requests at once, at an old node and a new one`,
    needs(...SERVICES),
    async () => {
      await hammerAll(move, [between, moving]);
    },
  );
}
