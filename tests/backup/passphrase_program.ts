/**
 * Asks for a passphrase as a command does, and prints what it got and the mode of the terminal:
 * `passphrase_program.ts new|open`.
 */
import {
  newPassphrase,
  PASSPHRASE_VARIABLE,
  passphraseOf,
} from "../../src/cli/backup_passphrase.ts";
import { readHiddenLine } from "../../src/cli/terminal/hidden_line.ts";
import type { Host, Output } from "../../src/cli/terminal/host.ts";
import { AzuError } from "../../src/core/errors.ts";

const interruption = new AbortController();

function output(stream: typeof Deno.stdout | typeof Deno.stderr): Output {
  return {
    isTerminal: stream.isTerminal(),
    columns: () => undefined,
    rows: () => undefined,
    write: (text) => stream.writeSync(new TextEncoder().encode(text)),
    isClosed: false,
  };
}

const host: Host = {
  args: [],
  cwd: Deno.cwd(),
  executable: "azu",
  uid: null,
  env: (name) => Deno.env.get(name) || undefined,
  now: () => new Date(),
  stdout: output(Deno.stdout),
  stderr: output(Deno.stderr),
  stdin: {
    isTerminal: Deno.stdin.isTerminal(),
    bytes: Deno.stdin.readable,
    readLine: () => Promise.resolve(undefined),
    readHiddenLine: (signal, ask) =>
      readHiddenLine(
        {
          setHidden: (hidden) => Deno.stdin.setRaw(hidden, { cbreak: hidden }),
          read: (bytes) => Deno.stdin.read(bytes),
        },
        signal,
        ask,
      ),
  },
  signal: interruption.signal,
  handleSignals: () => Deno.addSignalListener("SIGINT", () => interruption.abort()),
  lastWords: undefined,
};

host.handleSignals();
try {
  const got = Deno.args[0] === "new"
    ? await newPassphrase(host, host.env(PASSPHRASE_VARIABLE))
    : await passphraseOf(host, "backup\x1b.azu", host.env(PASSPHRASE_VARIABLE));
  host.stdout.write(`got ${JSON.stringify(got ?? null)}\n`);
} catch (error) {
  if (!(error instanceof AzuError)) throw error;
  host.stdout.write(`error: ${error.message}\nhint: ${error.hint}\n`);
}
if (host.stdin.isTerminal) {
  const { stdout } = await new Deno.Command("stty", { args: ["-a"], stdin: "inherit" }).output();
  const words = new TextDecoder().decode(stdout).split(/\s+/);
  host.stdout.write(`echo ${words.includes("echo")}, lines ${words.includes("icanon")}\n`);
}
Deno.exit(host.signal.aborted ? 130 : 0);
