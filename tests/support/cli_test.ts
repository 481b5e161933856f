import { deepStrictEqual, doesNotMatch, match, ok, rejects, strictEqual } from "node:assert/strict";
import { join } from "node:path";
import { runAzu, runAzuOnTerminal, shellQuote, spawnAzu } from "./cli.ts";
import { needs } from "./env.ts";
import { standIn } from "./network/stand_in.ts";
import { readTree } from "./temp.ts";

const HOSTILE = [
  ...["", " ", "it's", "''", "'\\''", "$HOME", "`id`", "$(id)", "\\", "\\'", "a\nb\n", "*", "~"],
  ...["-n", "!!", ";", "&", "|", ">x", "#", '"', "\t", "é ✓", "\x01\x7f", "%s\\n", "a\rb"],
];

Deno.test("shellQuote brings hostile words through sh unchanged", async () => {
  const words = [...HOSTILE, HOSTILE.join(""), HOSTILE.join("'")];
  const command = `printf '%s\\0' ${words.map(shellQuote).join(" ")}`;
  const { stdout } = await new Deno.Command("/bin/sh", { args: ["-c", command] }).output();
  deepStrictEqual(new TextDecoder().decode(stdout).split("\0").slice(0, -1), words);
});

Deno.test("runAzu passes on what it is given, and nothing else", async () => {
  Deno.env.set("LEAKED_FROM_THE_HOST", "1");
  await using script = await standIn('cat; env; echo "$0 $*" >&2; pwd; exit 3');
  const options = { subject: script.subject, cwd: "/", env: { GIVEN: "1" } };
  const azu = await runAzu(["a b"], { ...options, stdin: "typed\n" });
  Deno.env.delete("LEAKED_FROM_THE_HOST");
  deepStrictEqual([azu.code, azu.stderr], [3, `${script.subject} a b\n`]);
  match(azu.stdout, /^typed\n[^]*^GIVEN=1\n[^]*\n\/\n$/m);
  doesNotMatch(azu.stdout, /LEAKED|NO_COLOR|TEST_/);
});

Deno.test("runAzu kills what takes too long, and its hold on the output", async () => {
  await using script = await standIn("echo before; sleep 5 & wait");
  const begin = performance.now();
  await rejects(
    runAzu([], { subject: script.subject, timeoutMs: 1000 }),
    /Timed out after 1000 ms[^]*before/,
  );
  ok(performance.now() - begin < 4500);
});

Deno.test("spawnAzu sends signals and reads along", async () => {
  await using script = await standIn("echo hi; exec sleep 60");
  await using azu = await spawnAzu([], { subject: script.subject });
  strictEqual(await azu.waitFor("hi"), "hi");
  azu.signal("SIGTERM");
  deepStrictEqual(await azu.finished(), { code: 143, stdout: "hi\n", stderr: "" });
});

Deno.test("runAzuOnTerminal types at prompts", needs("script"), async () => {
  await using script = await standIn(`
    test -t 0 && test -t 1 && test -t 2 && stty size
    printf '%s? ' "$1"; read -r first; printf 'Again? '; read -r second
    echo "<$first$second>"; exit 4`);
  const answer = [{ waitFor: "it's $HOME? ", type: "y\n" }, { waitFor: /again\?/i, type: "z\n" }];
  const { subject } = script;
  const { code, output } = await runAzuOnTerminal(["it's $HOME"], { subject, answer });
  strictEqual(output, "24 80\nit's $HOME? y\nAgain? z\n<yz>\n");
  strictEqual(code, 4);
  await rejects(
    runAzuOnTerminal(["a"], { subject, answer: [{ waitFor: "never", type: "" }], timeoutMs: 1500 }),
    /Timed out after 1500 ms[^]*without "never" on stdout[^]*a\? /,
  );
  deepStrictEqual(Object.keys(await readTree(script.path)), ["azu"]);
});

Deno.test("runAzuOnTerminal sends Ctrl-C and Ctrl-D, and redirects", needs("script"), async () => {
  await using script = await standIn("echo out; echo Go >&2; read -r _ || echo end; exit 5");
  const stdoutTo = join(script.path, "it's out");
  const press = (type: string) => ({
    subject: script.subject,
    stdoutTo,
    answer: [{ waitFor: "Go\n", type }],
  });
  strictEqual((await runAzuOnTerminal([], press("\x03"))).code, 130);
  strictEqual(await Deno.readTextFile(stdoutTo), "out\n");
  strictEqual((await runAzuOnTerminal([], press("\x04"))).code, 5);
  strictEqual(await Deno.readTextFile(stdoutTo), "out\nend\n");
});
