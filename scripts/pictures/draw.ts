/** The pictures: which commands are run, on which sessions. */
import { join } from "node:path";
import { type Answer, runAzuOnTerminal } from "../../tests/support/cli.ts";
import { appWith, DAY, MINUTE, session } from "../../tests/cli/sessions.ts";
import { terminalSvg } from "./svg.ts";

export const PICTURES = join(import.meta.dirname ?? ".", "../../docs/public");

/** The width of the terminal, in characters. */
const COLUMNS = 94;

interface Command {
  readonly args: readonly string[];
  readonly answer?: readonly Answer[];
}

interface Picture {
  readonly name: string;
  /** What people who do not see it need to know. */
  readonly title: string;
  readonly commands: readonly Command[];
}

const YES: readonly Answer[] = [{ waitFor: "[y/N]", type: "y\n" }];

const pictures: readonly Picture[] = [
  {
    name: "terminal.svg",
    title: "azu session:revoke logs out user 42 after a question; azu session:clear logs out " +
      "everybody. Both end with a check mark once azu has counted again.",
    commands: [
      { args: ["session:revoke", "--user", "42"], answer: YES },
      { args: ["session:clear"], answer: YES },
    ],
  },
  {
    name: "status.svg",
    title: "azu session:status shows how many sessions there are, the space that they take, and " +
      "how the time left and the age are distributed.",
    commands: [{ args: ["session:status"] }],
  },
];

export async function drawPictures(): Promise<{ path: string; svg: string }[]> {
  return await Promise.all(pictures.map(async ({ name, title, commands }) => {
    await using app = await appWith(someVisitors());
    const shown: string[] = [];
    for (const { args, answer = [] } of commands) {
      const { code, output } = await runAzuOnTerminal([...args], {
        ...app.options,
        columns: COLUMNS,
        answer,
      });
      if (code !== 0) throw new Error(`azu ${args.join(" ")} ended with ${code}: ${output}`);
      shown.push(`\x1b[32m$\x1b[0m \x1b[1mazu ${args.join(" ")}\x1b[0m\n${output}`);
    }
    return { path: join(PICTURES, name), svg: terminalSvg(title, shown.join("\n"), COLUMNS) };
  }));
}

/** Sessions of a shop. Their times are far from where a rounded time changes. */
function someVisitors() {
  const now = Date.now();
  const random = seededRandom();
  return Array.from({ length: 1284 }, (_, index) => {
    const age = inSevenMinutes(random() ** 2 * 28 * DAY);
    const isExpired = index % 9 === 0;
    const isAnonymous = random() < 0.28;
    return session(`visitor-${index}`, {
      user: isAnonymous ? null : String(1 + Math.floor(random() * 400)),
      createdAt: now - age,
      visitedAt: now - inSevenMinutes(age * random()),
      expiresAt: isExpired ? now - inSevenMinutes(random() * 3 * DAY) : now + 30 * DAY - age,
      ip: `203.0.113.${Math.floor(random() * 250)}`,
    });
  });
}

/** The middle of the seven minutes that contain a time, in milliseconds. */
function inSevenMinutes(time: number): number {
  return (Math.floor(time / (7 * MINUTE)) + 0.5) * 7 * MINUTE;
}

/** Random numbers from 0 to 1, the same in each run: the generator of Park and Miller. */
function seededRandom(): () => number {
  let state = 1;
  return () => {
    state = state * 16807 % 2147483647;
    return state / 2147483647;
  };
}
