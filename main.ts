/** The entry: argv in, exit code out. The only place that touches the process, and that exits. */
import process from "node:process";
import { build, versionText } from "./src/cli/build.ts";
import { type Host, type Input, Interruption, type Output } from "./src/cli/terminal/host.ts";
import { messageOf, UsageError } from "./src/core/errors.ts";
import { isReadable } from "./src/core/variables.ts";

// Drivers read and list process.env as they please, and the program may read a few names only:
// they see those, and nothing else. Before anything is loaded that could look.
Object.defineProperty(process, "env", {
  value: new Proxy({}, { get: (_target, name) => variable(name) }),
});

const interruption = new AbortController();
const { exit, consoleSize } = Deno; // a config's code is run without them
let lost: string | undefined; // why the answer could not be written

const host: Host = {
  args: Deno.args,
  cwd: Deno.cwd(),
  env: variable,
  now: () => new Date(),
  stdout: output(Deno.stdout),
  stderr: output(Deno.stderr),
  stdin: input(),
  signal: interruption.signal,
  lastWords: undefined,
  handleSignals() {
    handle("SIGINT", 130);
    if (Deno.build.os !== "windows") handle("SIGTERM", 143);
  },
};

for (const type of ["error", "unhandledrejection"] as const) {
  globalThis.addEventListener(type, async (event) => {
    event.preventDefault();
    const { crash } = await import("./src/cli/run.ts");
    exit(crash(host, "reason" in event ? event.reason : event.error));
  });
}

const exitCode = await main();
if (lost !== undefined) host.stderr.write(`error: The answer could not be written: ${lost}\n`);
// A connection that hangs would keep the process alive after everything has been said.
exit(lost !== undefined && exitCode === 0 ? 1 : exitCode);

/** The version is asked for by scripts, and often: nothing else is loaded for it. */
async function main(): Promise<number> {
  const built = build(Deno.version, Deno.build.target);
  if (host.args.length === 1 && host.args[0] === "--version") {
    host.stdout.write(`${versionText(built)}\n`);
    return 0;
  }
  const { run } = await import("./src/cli/run.ts");
  return await run(host, built);
}

/** A variable of the environment; one that the program may not read is one that is not set. */
function variable(name: string | symbol): string | undefined {
  if (typeof name !== "string" || !isReadable(name)) return undefined;
  try {
    return Deno.env.get(name) || undefined;
  } catch (error) {
    throw new UsageError(`The environment variable ${name} is not UTF-8`, { cause: error });
  }
}

/** The first signal asks for an orderly end, the second ends; the exit code is the first one's. */
function handle(signal: "SIGINT" | "SIGTERM", code: 130 | 143): void {
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

function columns(): number | undefined {
  try {
    return consoleSize().columns || undefined; // a terminal that nobody looks at has none
  } catch {
    return undefined; // no terminal
  }
}

function output(stream: typeof Deno.stdout | typeof Deno.stderr): Output {
  let closed = false;
  const writeSync = stream.writeSync.bind(stream); // a config's code is run without it
  const isAnswer = stream === Deno.stdout;
  return {
    isTerminal: stream.isTerminal(),
    columns,
    write(text) {
      let rest = new TextEncoder().encode(text);
      while (!closed && rest.length > 0) {
        try {
          rest = rest.subarray(writeSync(rest));
        } catch (error) {
          if (error instanceof Deno.errors.WouldBlock) pause();
          else closed = true; // the work goes on, its exit code tells
          // A reader that has seen enough is no failure; a full disk is.
          const isFailure = closed && !(error instanceof Deno.errors.BrokenPipe);
          if (isFailure && isAnswer) lost = messageOf(error);
        }
      }
    },
  };
}

/** Waits a little for a reader that is slow, on a pipe that does not wait by itself. */
function pause(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
}

function input(): Input {
  return {
    isTerminal: Deno.stdin.isTerminal(),
    async readLine(signal) {
      const aborted = new Promise<undefined>((resolve) => {
        if (signal.aborted) resolve(undefined);
        signal.addEventListener("abort", () => resolve(undefined), { once: true });
      });
      return await Promise.race([readLine(), aborted]);
    },
  };
}

async function readLine(): Promise<string | undefined> {
  const chunk = new Uint8Array(1024); // a terminal gives a line at a time
  const length = await Deno.stdin.read(chunk);
  return length === null ? undefined : new TextDecoder().decode(chunk.subarray(0, length));
}
