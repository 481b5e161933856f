/** The entry: argv in, exit code out. The only place that touches the process, and that exits. */
import process from "node:process";
import { build } from "./src/cli/build.ts";
import { type Host, type Input, Interruption, type Output } from "./src/cli/host.ts";
import { bugReport } from "./src/cli/reporter.ts";
import { run } from "./src/cli/run.ts";
import { isReadable } from "./src/core/variables.ts";

// Drivers read and list process.env as they please, and the program may read a few names only:
// they see those, and nothing else. Before anything is loaded that could look.
Object.defineProperty(process, "env", {
  value: new Proxy({}, { get: (_target, name) => variable(name) }),
});

const interruption = new AbortController();

const host: Host = {
  args: Deno.args,
  cwd: Deno.cwd(),
  env: variable,
  now: () => new Date(),
  stdout: output(Deno.stdout),
  stderr: output(Deno.stderr),
  stdin: input(),
  signal: interruption.signal,
  handleSignals() {
    handle("SIGINT", 130);
    if (Deno.build.os !== "windows") handle("SIGTERM", 143);
  },
};

for (const type of ["error", "unhandledrejection"] as const) {
  globalThis.addEventListener(type, (event) => {
    event.preventDefault();
    host.stderr.write(bugReport("reason" in event ? event.reason : event.error));
    Deno.exit(1);
  });
}

const exitCode = await run(host, build(Deno.version, Deno.build.target));
// A connection that hangs would keep the process alive after everything has been said.
Deno.exit(exitCode);

/** A variable of the environment; one that the program may not read is one that is not set. */
function variable(name: string | symbol): string | undefined {
  return typeof name === "string" && isReadable(name) ? Deno.env.get(name) || undefined : undefined;
}

/** The first signal asks for an orderly end, the second ends. */
function handle(signal: "SIGINT" | "SIGTERM", code: 130 | 143): void {
  Deno.addSignalListener(signal, () => {
    if (interruption.signal.aborted) Deno.exit(code);
    interruption.abort(new Interruption(code));
  });
}

function output(stream: typeof Deno.stdout | typeof Deno.stderr): Output {
  let closed = false;
  return {
    isTerminal: stream.isTerminal(),
    write(text) {
      let rest = new TextEncoder().encode(text);
      try {
        while (!closed && rest.length > 0) rest = rest.subarray(stream.writeSync(rest));
      } catch (error) {
        if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
        closed = true; // the reader has seen enough: the work goes on, its exit code tells
      }
    },
  };
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
