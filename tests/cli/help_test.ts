/** The help, suggestions, and arguments that are refused. */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { runAzu, runAzuOnTerminal } from "../support/cli.ts";

const COMMANDS = [
  "init",
  "session:setup",
  "session:status",
  "session:list",
  "session:revoke",
  "session:sweep",
  "session:copy",
  "session:secret",
  "session:clear",
];

Deno.test("--help, -h and help show the commands, and exit with 0", async () => {
  const { code, stdout, stderr } = await runAzu(["--help"]);
  deepStrictEqual([code, stderr], [0, ""]);
  match(stdout, /^Usage: azu <command> \[options\]\n\nSet up and operate the sessions of Azu web/);
  for (const command of COMMANDS) match(stdout, new RegExp(`^  ${command} +\\w`, "m"));
  match(stdout, /^ {2}130, 143 +interrupted/m);
  for (const args of [["-h"], ["help"]]) strictEqual((await runAzu(args)).stdout, stdout);
});

for (const command of COMMANDS) {
  Deno.test(`the help of ${command} has its options, the global ones and examples`, async () => {
    const { code, stdout, stderr } = await runAzu([command, "--help"]);
    deepStrictEqual([code, stderr], [0, ""]);
    match(stdout, new RegExp(`^Usage: azu ${command} \\[options\\]\n`));
    match(
      stdout,
      /^Options:\n[^]*^ {2}--(?:dry-run|count|quick) .*\n[^]*^Global Options:\n[^]*^ {2}--json /m,
    );
    match(stdout, new RegExp(`^Examples:\n  # .*\n  azu ${command}`, "m"));
    ok(stdout.split("\n").every((line) => line.length <= 80), stdout);
    strictEqual((await runAzu(["help", command])).stdout, stdout);
  });
}

for (const columns of [0, 20, 40, 132]) {
  Deno.test(`the help on a terminal of ${columns} columns`, async () => {
    const { code, output } = await runAzuOnTerminal(["--help"], { columns });
    strictEqual(code, 0);
    for (const command of COMMANDS) match(output, new RegExp(`^  ${command}(?: |\\r?$)`, "m"));
  });
}

const VARIABLES = [
  "REDIS_URL",
  "DATABASE_URL",
  "SESSION_BACKEND",
  "AZU_ENV",
  "CRYSTAL_ENV",
  "SESSION_SECRET",
  "SESSION_SECRET_PREVIOUS",
  "AZU_BACKUP_PASSPHRASE",
  "XDG_STATE_HOME",
  "LOGNAME",
  "NODE_ID",
  "NO_COLOR",
  "TERM",
];

const OF_COPIES = ["AZU_BACKUP_PASSPHRASE", "XDG_STATE_HOME"] as const;

for (
  const [command, unused] of [
    [
      "init",
      [
        ...["AZU_ENV", "CRYSTAL_ENV", "SESSION_SECRET", "SESSION_SECRET_PREVIOUS"],
        ...OF_COPIES,
        "LOGNAME",
        "NODE_ID",
      ],
    ],
    ["session:setup", ["SESSION_SECRET_PREVIOUS", ...OF_COPIES, "LOGNAME", "NODE_ID"]],
    ["session:list", [...OF_COPIES, "NODE_ID"]],
    ["session:copy", ["SESSION_BACKEND", "NODE_ID"]],
    ["session:secret", VARIABLES.filter((name) => !/^(?:SESSION_SECRET|NO_COLOR|TERM)/.test(name))],
    ["session:clear", ["SESSION_SECRET", "SESSION_SECRET_PREVIOUS", ...OF_COPIES, "NODE_ID"]],
    ["completion", VARIABLES],
    ["help", VARIABLES],
  ] as const
) {
  Deno.test(`the help of ${command} names its variables and its page`, async () => {
    const { stdout } = await runAzu(["help", command]);
    const named = Array.from(stdout.matchAll(/^ {2}([A-Z]+(?:_[A-Z]+)*) {2}/gm), ([, it]) => it);
    deepStrictEqual(named, VARIABLES.filter((name) => !unused.some((one) => one === name)));
    const page = `azu-sessions/reference/commands/${command.replace(":", "-")}`;
    match(stdout, new RegExp(`^See https://azutoolkit\\.github\\.io/${page}\n$`, "m"));
  });
}

for (
  const [topic, pattern] of [
    ["environment", new RegExp(VARIABLES.map((name) => `^  ${name}\\s+\\S[^]*`).join(""), "m")],
    [
      "exit-codes",
      /^ {2}0 [^]*^ {2}1 [^]*^ {2}2 [^]*^ {2}3 [^]*^ {2}129 [^]*^ {2}130 [^]*^ {2}143 /m,
    ],
    ["config", /^azu\.config\.ts says [^]*^ {2}export default defineConfig\(\{[^]*^ {2}\}\);$/m],
  ] as const
) {
  Deno.test(`azu help ${topic}`, async () => {
    for (const columns of [40, 80]) {
      const { code, output } = await runAzuOnTerminal(["help", topic], { columns });
      strictEqual(code, 0);
      match(output, pattern);
      match(output, new RegExp(`/azu-sessions/reference/${topic}\n$`));
      if (columns === 80) ok(output.split("\n").every((line) => line.length <= 80), output);
    }
    strictEqual((await runAzu(["--json", "help", topic])).stdout.charAt(0) === "{", false);
  });
}

Deno.test("help on something unknown suggests what was meant", async () => {
  const { code, stdout, stderr } = await runAzu(["help", "enviroment"]);
  deepStrictEqual([code, stdout], [2, ""]);
  strictEqual(
    stderr,
    'error: There is no help on "enviroment"\nDid you mean azu help environment?\n',
  );
});

Deno.test("--version prints a line, and with --json a document", async () => {
  const { stdout } = await runAzu(["--version"]);
  match(stdout, /^azu \d+\.\d+\.\d+ \((?:source|\w+(?:\+changes)?|unknown commit), deno .*\)\n$/);
  for (const args of [["--version", "--json"], ["--json", "-V"], ["-q", "--json", "--version"]]) {
    const { code, stdout: json, stderr } = await runAzu(args);
    deepStrictEqual([code, stderr], [0, ""]);
    const { version, kind, commit, deno, v8, typescript, target, ...others } = JSON.parse(json);
    deepStrictEqual(others, {});
    match(typescript, /^\d+\.\d+/);
    strictEqual(kind === "source", commit === null);
    const built = kind === "source" ? "source" : commit;
    strictEqual(stdout, `azu ${version} (${built}, deno ${deno}, v8 ${v8}, ${target})\n`);
  }
});

Deno.test("without a command, azu shows the help", async () => {
  const { code, stdout, stderr } = await runAzu([]);
  deepStrictEqual([code, stderr], [0, ""]);
  strictEqual(stdout, (await runAzu(["--help"])).stdout);
});

for (
  const [line, meant] of [
    ["clear", "azu session:clear"],
    ["clear --force", "azu session:clear"],
    ["session clear", "azu session:clear"],
    ["session setup --yes", "azu session:setup"],
    ["setup", "azu session:setup"],
    ["list --user 42", "azu session:list"],
    ["sessions", "azu session:list"],
    ["session list", "azu session:list"],
    ["revoke --user 42", "azu session:revoke"],
    ["logout 42", "azu session:revoke"],
    ["status", "azu session:status"],
    ["session", "azu session:status, session:list, session:revoke, session:clear or session:setup"],
    ["version", "azu --version"],
    ["-v", "azu --version"],
  ] as const
) {
  Deno.test(`azu ${line} is answered with what was meant`, async () => {
    const { code, stdout, stderr } = await runAzu(line.split(" "));
    deepStrictEqual([code, stdout], [2, ""]);
    strictEqual(stderr.split("\n")[1], `Did you mean ${meant}?`);
  });
}

Deno.test("--json without a command says that one is expected", async () => {
  const { code, stdout } = await runAzu(["--json"]);
  strictEqual(code, 2);
  strictEqual(JSON.parse(stdout).error.message, "Expected a command");
});

Deno.test("a negative number is a wrong value, and not a missing one", async () => {
  const { code, stderr } = await runAzu(["session:clear", "--max-latency", "-1"]);
  strictEqual(code, 2);
  match(
    stderr,
    /argument '-1' is invalid\. Expected a time with a unit such as "50ms" or "5s", from 1 ms to 60 s\./,
  );
});

for (
  const [args, message, hint] of [
    [["--versio"], "Unknown option '--versio'", "Did you mean --version?"],
    [["sesion:clear"], "Unknown command 'sesion:clear'", "Did you mean session:clear?"],
    [["session:clear", "--forse"], "Unknown option '--forse'", "Did you mean --force?"],
    [["--nope", "init"], "Unknown option '--nope'", "See azu init --help"],
    [
      ["init", "x"],
      "Too many arguments for 'init'. Expected 0 arguments but got 1: x.",
      "See azu init --help",
    ],
    [
      ["session:clear", "--batch"],
      "Option '--batch <n>' argument missing",
      "See azu session:clear --help",
    ],
    [
      ["db:migrate"],
      "db is not a command of this tool",
      "It is a command of the Azu framework's azu: run that tool",
    ],
  ] as const
) {
  Deno.test(`refused with exit code 2: azu ${args.join(" ")}`, async () => {
    const { code, stdout, stderr } = await runAzu([...args]);
    deepStrictEqual([code, stdout, stderr], [2, "", `error: ${message}\n${hint}\n`]);
    const json = JSON.parse((await runAzu(["--json", ...args])).stdout);
    deepStrictEqual(json, {
      outcome: "usage",
      exitCode: 2,
      warnings: [],
      error: { message, hint },
    });
  });
}

Deno.test("global options may stand before and after the command", async () => {
  for (const args of [["--json", "-C", "/none", "init"], ["init", "-C", "/none", "--json"]]) {
    const { code, stdout } = await runAzu(args);
    strictEqual(code, 2);
    match(JSON.parse(stdout).error.message, /^Cannot work in \/none: /);
  }
});

Deno.test("an option with a control character cannot act on the terminal", async () => {
  const { stderr } = await runAzu(["session:clear", "--batch", "\x1b[2J"]);
  match(stderr, /argument '\\u001b\[2J' is invalid/);
});
