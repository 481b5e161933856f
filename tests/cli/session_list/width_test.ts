/** The table fits the terminal. */
import { doesNotMatch, match, ok, strictEqual } from "node:assert/strict";
import { widthOf } from "../../../src/cli/terminal/table.ts";
import { runAzuOnTerminal } from "../../support/cli.ts";
import { needs } from "../../support/env.ts";
import { appWith, handle, session, someSessions } from "../sessions.ts";

const LONG = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like " +
  "Gecko) Version/17.4 Safari/605.1.15";

const COLOUR = new RegExp("\x1b\\[\\d*m", "g");

/** The lines of the table on a terminal of this width, without colours. */
async function table(
  columns: number,
  sessions: Parameters<typeof appWith>[0],
  more: string[] = [],
) {
  await using app = await appWith(sessions);
  const { code, output } = await runAzuOnTerminal(["session:list", ...more], {
    ...app.options,
    columns,
  });
  strictEqual(code, 0, output);
  const lines = output.replace(COLOUR, "").split(/\r?\n/);
  const begin = lines.findIndex((line) => /^(?:Handle|Agent)/.test(line));
  return {
    output,
    rows: lines.slice(begin, begin + 1 + sessions.length),
    after: lines.slice(begin + 1 + sessions.length).filter((line) => line !== ""),
  };
}

const sessions = [
  ...someSessions(),
  session("long", { user: "0b6c1b0e-7a51-4f0f-9d2a-3d6b1c1f2e9a", userAgent: LONG }),
];

for (
  const [columns, header] of [
    [200, /^Handle +User +Created +Last visit +Expires +Size +IP +Agent$/],
    [120, /^Handle +User +Created +Last visit +Expires +Size +IP +Agent$/],
    [80, /^Handle +User +Created +Last visit +Expires +Size$/],
    [40, /^Handle +User +Last visit$/],
    [27, /^Handle +User$/],
    [13, /^Handle$/],
  ] as const
) {
  Deno.test(`on ${columns} columns, no line is too long`, needs("script"), async () => {
    const { rows, after } = await table(columns, sessions);
    match(rows[0] ?? "", header);
    for (const row of rows) ok(widthOf(row) < columns, row);
    for (const name of ["a", "b", "c", "d", "e", "long"]) {
      ok(rows.some((row) => row.startsWith(handle(name))), `${name} is missing`);
    }
    strictEqual(after.some((line) => /^No room for /.test(line)), columns < 100);
  });
}

Deno.test("what is cut ends with an ellipsis", needs("script"), async () => {
  const { rows } = await table(120, sessions);
  match(rows.at(-1) ?? "", /^\w{12} {2}0b6c1b0e-7a\S*… .*Mozilla\/5\.0 \(.*…$/);
  const only = await table(40, sessions, ["--fields", "agent,handle"]);
  match(only.rows[0] ?? "", /^Agent +Handle$/);
  match(only.rows.at(-1) ?? "", /^Mozilla\/5\.0 \(Macintosh.*… {2}\w{12}$/);
});

Deno.test("characters of double width do not make a line too long", needs("script"), async () => {
  const wide = session("wide", {
    user: "用户名称很长的一个人👩‍👩‍👧用户名称很长",
    userAgent: "日本".repeat(100),
  });
  for (const columns of [120, 80, 60, 40]) {
    const { rows } = await table(columns, [...sessions, wide]);
    for (const row of rows) ok(widthOf(row) < columns, row);
  }
});

Deno.test("colours are for terminals that want them", needs("script"), async () => {
  await using app = await appWith(someSessions());
  const run = async (env: Record<string, string>) => {
    const options = { ...app.options, env: { ...app.options.env, ...env } };
    return (await runAzuOnTerminal(["session:list"], options)).output;
  };
  const coloured = await run({});
  match(coloured, new RegExp("\x1b\\[1mHandle .*\x1b\\[0m"));
  match(coloured, new RegExp(`\\x1b\\[2m${handle("e")} .*expired 2 h ago.*\\x1b\\[0m`));
  const plain = await run({ NO_COLOR: "1" });
  doesNotMatch(plain, COLOUR);
});
