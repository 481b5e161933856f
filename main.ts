/** The entry point. The only file that accesses the process and exits. */
import process from "node:process";
import { versionText } from "./src/cli/version.ts";
import { type Host, type Input, Interruption, type Output } from "./src/cli/terminal/host.ts";
import { readHiddenLine } from "./src/cli/terminal/hidden_line.ts";
import { messageOf, UsageError } from "./src/core/errors.ts";
import { isReadable } from "./src/core/variables.ts";

// The environment is read once. Then nothing can read it, not even a config, which is code.
const environment = Deno.env.toObject();
Deno.permissions.revokeSync({ name: "env" });

// Libraries read and enumerate process.env: they see only a few variables. This comes before any
// library is loaded.
Object.defineProperty(process, "env", {
  value: new Proxy({}, {
    get: (_target, name) =>
      typeof name === "string" && isReadable(name) ? variable(name) : undefined,
  }),
});

/** Milliseconds that a command has to report its counts after an uncaught error. */
const LAST_REPORT = 8000;

const interruption = new AbortController();
const { exit, consoleSize } = Deno; // kept here, because both are taken from the code of a config
let lost: string | undefined; // why stdout could not be written
let isOperating = false; // whether a command can be interrupted

const host: Host = {
  args: Deno.args,
  cwd: workingFolder(),
  executable: Deno.build.standalone ? Deno.execPath() : "azu",
  uid: Deno.uid(),
  env: variable,
  now: () => new Date(),
  stdout: output(Deno.stdout),
  stderr: output(Deno.stderr),
  stdin: input(),
  signal: interruption.signal,
  lastWords: undefined,
  handleSignals() {
    isOperating = true;
    handle("SIGINT", 130);
    if (Deno.build.os === "windows") return;
    handle("SIGTERM", 143);
    // Without a terminal, as under nohup, a hangup is ignored or ends the process as usual.
    if ([Deno.stdin, Deno.stdout, Deno.stderr].some((stream) => stream.isTerminal())) {
      handle("SIGHUP", 129);
    }
  },
};

for (const type of ["error", "unhandledrejection"] as const) {
  globalThis.addEventListener(type, (event) => {
    event.preventDefault();
    void crashed("reason" in event ? event.reason : event.error);
  });
}

const exitCode = await main();
if (lost !== undefined) host.stderr.write(`error: Cannot write to stdout: ${lost}\n`);
// A hanging connection would keep the process alive.
exit(lost !== undefined && exitCode === 0 ? 1 : exitCode);

/** Ends the running command in order, so that it reports its counts; otherwise reports the error. */
async function crashed(error: unknown): Promise<void> {
  try {
    const { crash, uncaught } = await import("./src/cli/run.ts");
    const failure = await uncaught(host, error);
    if (!isOperating) exit(crash(host, failure));
    interruption.abort(failure); // the first reason counts
    setTimeout(() => exit(crash(host, failure)), LAST_REPORT);
  } catch (broken) {
    host.stderr.write(`This is a bug in azu: ${messageOf(error)}; ${messageOf(broken)}\n`);
    exit(1);
  }
}

/** Runs azu. `--version` loads nothing else, because scripts call it often. */
async function main(): Promise<number> {
  const { args } = host;
  const runtime = { ...Deno.version, target: Deno.build.target };
  const version = versionText(runtime, args.includes("--json"));
  if (args.includes("--version") && args.every((arg) => /^--(?:version|json)$/.test(arg))) {
    host.stdout.write(`${version}\n`);
    return 0;
  }
  const { run } = await import("./src/cli/run.ts");
  return await run(host, version);
}

/** The working folder. A name that is not UTF-8 cannot be used. */
function workingFolder(): string {
  try {
    return Deno.cwd();
  } catch (error) {
    const text = `error: The working folder cannot be used: ${messageOf(error)}\n`;
    Deno.stderr.writeSync(new TextEncoder().encode(text));
    Deno.exit(2);
  }
}

/** An environment variable. A blank one counts as not set, as for the generated app. */
function variable(name: string): string | undefined {
  const value = Object.hasOwn(environment, name) ? environment[name] : undefined;
  // Deno replaces what is not UTF-8.
  if (value?.includes("\ufffd")) {
    throw new UsageError(`The environment variable ${name} is not UTF-8`);
  }
  return value?.trim() ? value : undefined;
}

/** The first signal asks for an orderly end, the second exits at once, with the code of the first. */
function handle(signal: "SIGINT" | "SIGTERM" | "SIGHUP", code: 129 | 130 | 143): void {
  Deno.addSignalListener(signal, () => {
    const { reason } = interruption.signal;
    if (!(reason instanceof Interruption)) return interruption.abort(new Interruption(code));
    try {
      host.lastWords?.();
    } finally {
      exit(reason.exitCode);
    }
  });
}

function sizeOf(side: "columns" | "rows"): number | undefined {
  try {
    return consoleSize()[side] || undefined; // a terminal without a size reports 0
  } catch {
    return undefined; // no terminal
  }
}

function output(stream: typeof Deno.stdout | typeof Deno.stderr): Output {
  let closed = false;
  const writeSync = stream.writeSync.bind(stream); // kept here, because it is taken from the code of a config
  const isAnswer = stream === Deno.stdout;
  return {
    isTerminal: stream.isTerminal(),
    columns: () => sizeOf("columns"),
    rows: () => sizeOf("rows"),
    get isClosed() {
      return closed;
    },
    write(text) {
      let rest = new TextEncoder().encode(text);
      while (!closed && rest.length > 0) {
        try {
          rest = rest.subarray(writeSync(rest));
        } catch (error) {
          if (error instanceof Deno.errors.WouldBlock) pause();
          else closed = true; // the work goes on
          // A closed pipe is fine; any other error (such as a full disk) is not.
          const isFailure = closed && !(error instanceof Deno.errors.BrokenPipe);
          if (isFailure && isAnswer) lost = messageOf(error);
        }
      }
    },
  };
}

/** Waits for a slow reader of a non-blocking pipe. */
function pause(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
}

function input(): Input {
  const terminal = {
    setHidden: (hidden: boolean) => Deno.stdin.setRaw(hidden, { cbreak: hidden }),
    read: (bytes: Uint8Array) => Deno.stdin.read(bytes),
  };
  return {
    isTerminal: Deno.stdin.isTerminal(),
    get bytes() {
      return Deno.stdin.readable;
    },
    async readLine(signal) {
      const aborted = new Promise<undefined>((resolve) => {
        if (signal.aborted) resolve(undefined);
        signal.addEventListener("abort", () => resolve(undefined), { once: true });
      });
      return await Promise.race([readLine(), aborted]);
    },
    readHiddenLine: (signal, ask) => readHiddenLine(terminal, signal, ask),
  };
}

async function readLine(): Promise<string | undefined> {
  const chunk = new Uint8Array(1024); // a terminal delivers one line at a time
  const length = await Deno.stdin.read(chunk);
  const text = new TextDecoder().decode(chunk.subarray(0, length ?? 0));
  return text.endsWith("\n") ? text : undefined; // Ctrl-D ends a line without an end
}
