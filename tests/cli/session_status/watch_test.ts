/** `--watch`: a screen that is redrawn, and that fits its terminal. */
import { deepStrictEqual, doesNotMatch, match, ok, strictEqual } from "node:assert/strict";
import { widthOf } from "../../../src/cli/terminal/table.ts";
import { runAzu, runAzuOnTerminal } from "../../support/cli.ts";
import { needs } from "../../support/env.ts";
import { customApp } from "../custom_sessions.ts";
import { appWith, someSessions } from "../sessions.ts";

const COLOUR = new RegExp("\x1b\\[\\d*m", "g");

/** How many lines the cursor goes up before a screen is drawn again. */
const UP = new RegExp("^\x1b\\[(\\d+)A\r");

/** The screens that were drawn: each ends with clearing what is below it. */
function screens(output: string): string[] {
  return output.replace(COLOUR, "").split("\x1b[J").slice(0, -1);
}

/** A store with more sessions each time that it is asked. */
const GROWING = "survey: async () => ({ figures: { sessions: { value: 10 + 7 * calls++, " +
  "isExact: true } }, sample: sessions(10), properties: {}, warnings: [] })";

Deno.test("a watched status is redrawn until Ctrl-C", needs("script"), async () => {
  await using app = await customApp(`calls: (globalThis.calls ??= 0), ${GROWING}`);
  const { code, output } = await runAzuOnTerminal(["session:status", "--watch", "100ms"], {
    cwd: app.path,
    answer: [{ waitFor: /\+[\d,]+ sessions\/min(?:[^]*sessions\/min){3}/, type: "\x03" }],
  });
  strictEqual(code, 130);
  const drawn = screens(output);
  ok(drawn.length >= 4);
  match(drawn[0] ?? "", /Sessions of production/);
  for (const screen of drawn.slice(1)) {
    // Back to the first line of a screen of as many lines as before, at most those of the terminal.
    const [, up] = UP.exec(screen) ?? [];
    ok(Number(up) > 10 && Number(up) < 24, up);
    match(screen, /▁[▁▂▃▄▅▆▇]*█ {2}10 to \d+, \+[\d,]+ sessions\/min/);
  }
});

Deno.test("no line is wider than the terminal", needs("script"), async () => {
  await using app = await appWith(someSessions());
  for (const columns of [120, 80, 40, 20, 10]) {
    const { output } = await runAzuOnTerminal(["session:status", "--quiet", "--watch", "1s"], {
      ...app.options,
      columns,
      answer: [{ waitFor: "\x1b[J", type: "\x03" }],
    });
    const [screen = ""] = screens(output);
    const lines = screen.split("\x1b[K").map((line) => line.replace(/^[^]*[\r\n]/, ""));
    ok(lines.length > 10 && lines.length < 25);
    for (const line of lines) ok(widthOf(line) < columns, `${columns}: ${line}`);
  }
});

Deno.test("NO_COLOR is a screen without colours", needs("script"), async () => {
  await using app = await appWith(someSessions());
  const run = (env: Record<string, string>) => {
    return runAzuOnTerminal(["session:status"], {
      ...app.options,
      env: { ...app.options.env, ...env },
    });
  };
  match((await run({})).output, COLOUR);
  doesNotMatch((await run({ NO_COLOR: "1" })).output, COLOUR);
});

Deno.test("--watch is for a terminal, and for a person", async () => {
  await using app = await appWith(someSessions());
  const run = async (...args: string[]) => {
    const { code, stdout, stderr } = await runAzu(
      ["session:status", "--watch", ...args],
      app.options,
    );
    return [code, stdout.includes("Sessions of"), stderr.split("\n")[0]];
  };
  deepStrictEqual(await run(), [2, false, "error: --watch needs a terminal that can redraw lines"]);
  for (const args of [["--format", "openmetrics"], ["--fail-if", "live > 1"]]) {
    deepStrictEqual(await run(...args), [
      2,
      false,
      "error: --watch is for a person: it takes no --json, --format or --fail-if",
    ]);
  }
});

Deno.test("a failure ends the watch, and says why", needs("script"), async () => {
  const failing = GROWING.replace(
    "async () => (",
    "async () => calls > 1 ? Promise.reject('gone') : (",
  );
  await using app = await customApp(`calls: (globalThis.calls ??= 0), ${failing}`);
  const { code, output } = await runAzuOnTerminal(["session:status", "--watch", "50ms"], {
    cwd: app.path,
  });
  strictEqual(code, 1);
  strictEqual(screens(output).length, 2);
  match(
    output.replace(COLOUR, "").split("\x1b[J").at(-1) ?? "",
    /^\s*error: The acme backend failed: gone/,
  );
});
