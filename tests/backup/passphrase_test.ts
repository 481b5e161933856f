/** The passphrase of a backup: from the environment, or from a terminal that does not show it. */
import { deepStrictEqual, doesNotThrow, match, ok, strictEqual, throws } from "node:assert/strict";
import { join } from "node:path";
import { checkPassphrase } from "../../src/backup/passphrase.ts";
import { UsageError } from "../../src/core/errors.ts";
import { type Answer, runAzuOnTerminal } from "../support/cli.ts";
import { needs } from "../support/env.ts";

const PROGRAM = join(import.meta.dirname ?? "", "passphrase_program.ts");
const CONFIG = join(import.meta.dirname ?? "", "../../deno.json");
const RUN = ["run", "--quiet", "--allow-all", "--no-check", "--config", CONFIG, PROGRAM];
const FIRST = "Passphrase for the new backup: ";
const AGAIN = "The same passphrase again: ";
const GOOD = "correct hörse battery";
const SHORT = /The passphrase has fewer than 12 characters, so it can be guessed/;

Deno.test("one that is too short is refused, with a hint", () => {
  for (const short of ["", "hunter2", "elevenchars", "🔑".repeat(11)]) {
    throws(() => checkPassphrase(short), (error) => {
      ok(error instanceof UsageError);
      match(error.message, SHORT);
      match(error.hint ?? "", /openssl rand -base64 18/);
      return true;
    });
  }
  for (const good of ["twelve chars", "🔑".repeat(12)]) doesNotThrow(() => checkPassphrase(good));
});

/** What is on the screen after the answers, and the exit code. */
async function onTerminal(what: "new" | "open", answer: readonly Answer[], env = {}) {
  const { code, output } = await runAzuOnTerminal([...RUN, what], {
    subject: Deno.execPath(),
    env,
    answer,
  });
  return { code, screen: output.replaceAll("\r", "") };
}

const RESTORED = "echo true, lines true\n";

Deno.test("at a terminal it is asked for twice, and not shown", needs("script"), async () => {
  const { code, screen } = await onTerminal("new", [
    { waitFor: FIRST, type: `${GOOD}\n` },
    { waitFor: AGAIN, type: `${GOOD}\r` },
  ]);
  strictEqual(screen, `${FIRST}\n${AGAIN}\ngot ${JSON.stringify(GOOD)}\n${RESTORED}`);
  strictEqual(code, 0);
});

Deno.test(
  "it can be corrected while it is typed, and pasted at once",
  needs("script"),
  async () => {
    const typed = `wrong\x15correct höré\x7f\brse battery\n`;
    const { screen } = await onTerminal("new", [{ waitFor: FIRST, type: `${typed}${typed}` }]);
    strictEqual(
      screen,
      `${FIRST}\n${AGAIN}\ngot ${JSON.stringify("correct hörse battery")}\n${RESTORED}`,
    );
  },
);

Deno.test("two that differ, and one that is too short, are refused", needs("script"), async () => {
  const differing = await onTerminal("new", [
    { waitFor: FIRST, type: `${GOOD}\n` },
    { waitFor: AGAIN, type: `${GOOD} \n` },
  ]);
  match(differing.screen, /error: The two passphrases differ/);
  const short = await onTerminal("new", [{ waitFor: FIRST, type: "hunter2\n" }]);
  match(short.screen, SHORT);
  ok(!short.screen.includes("hunter2"));
});

for (const [key, type, code] of [["Ctrl-C", "\x03", 130], ["Ctrl-D", "\x04", 0]] as const) {
  Deno.test(
    `${key} ends the question, and the terminal is as before`,
    needs("script"),
    async () => {
      for (const answers of [[], [{ waitFor: FIRST, type: `${GOOD}\n` }]]) {
        const question = answers.length === 0 ? FIRST : AGAIN;
        const typed = [...answers, { waitFor: question, type: `half${type}` }];
        const result = await onTerminal("new", typed);
        ok(result.screen.endsWith(`${question}\ngot null\n${RESTORED}`), result.screen);
        strictEqual(result.code, code);
      }
    },
  );
}

Deno.test(
  "that of an existing backup is asked for once, whatever it is",
  needs("script"),
  async () => {
    const question = "Passphrase of backup\\u001b.azu: ";
    const { screen } = await onTerminal("open", [{ waitFor: question, type: "short\n" }]);
    strictEqual(screen, `${question}\ngot "short"\n${RESTORED}`);
  },
);

Deno.test("AZU_BACKUP_PASSPHRASE is used without a question", needs("script"), async () => {
  for (const what of ["new", "open"] as const) {
    const { screen } = await onTerminal(what, [], { AZU_BACKUP_PASSPHRASE: GOOD });
    strictEqual(screen, `got ${JSON.stringify(GOOD)}\n${RESTORED}`);
  }
  const short = await onTerminal("new", [], { AZU_BACKUP_PASSPHRASE: "hunter2" });
  match(short.screen, SHORT);
});

Deno.test("without a terminal there is nobody to ask", async () => {
  const said: string[] = [];
  for (const what of ["new", "open"]) {
    const { stdout } = await new Deno.Command(Deno.execPath(), {
      args: [...RUN, what],
      stdin: "null",
      env: { AZU_BACKUP_PASSPHRASE: "" },
    }).output();
    said.push(new TextDecoder().decode(stdout));
  }
  deepStrictEqual(said.map((text) => text.split("\n")[0]), [
    "error: There is no terminal to ask for the passphrase of the backup",
    "error: There is no terminal to ask for the passphrase of the backup",
  ]);
  match(said[0] ?? "", /hint: Set AZU_BACKUP_PASSPHRASE, or pass --no-encrypt/);
  match(said[1] ?? "", /hint: Set AZU_BACKUP_PASSPHRASE, or run azu at a terminal/);
});
