import { Output } from "./output.ts";

/** The result of a process. */
export interface ProcessResult {
  /** The exit code, or 128 plus the number of the signal that ended it. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** How to start a {@linkcode RunningProcess}. */
export interface ProcessPlan {
  readonly command: string;
  readonly args: readonly string[];
  /** The whole environment. The process inherits nothing. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd?: string | undefined;
  /** Whether something will be typed. Otherwise, stdin is empty. */
  readonly stdin: "piped" | "null";
  /** When to kill it, in milliseconds from its start. */
  readonly timeoutMs: number;
  /** Disposed of when the process has ended. */
  readonly home: AsyncDisposable;
}

/** A running process and its output so far. Dispose of it to kill it. */
export class RunningProcess implements AsyncDisposable {
  readonly child: Deno.ChildProcess;
  readonly stdout: Output;
  readonly stderr: Output;
  readonly #plan: ProcessPlan;
  readonly #timer: ReturnType<typeof setTimeout>;
  readonly #input: WritableStreamDefaultWriter<Uint8Array> | undefined;
  #running = true;
  #late = false;

  constructor(plan: ProcessPlan) {
    const { command, args, env, cwd, stdin } = plan;
    this.#plan = plan;
    this.child = new Deno.Command(command, {
      ...{ args: [...args], env, clearEnv: true, stdin, stdout: "piped", stderr: "piped" },
      ...(cwd === undefined ? {} : { cwd }),
    }).spawn();
    this.child.status.then(() => this.#running = false);
    this.stdout = new Output(this.child.stdout);
    this.stderr = new Output(this.child.stderr);
    this.#input = stdin === "piped" ? this.child.stdin.getWriter() : undefined;
    this.#timer = setTimeout(() => {
      this.#late = true;
      this.#kill();
    }, plan.timeoutMs);
  }

  get pid(): number {
    return this.child.pid;
  }

  /** Sends a signal, unless the process has ended. */
  signal(name: Deno.Signal): void {
    try {
      if (this.#running) this.child.kill(name);
    } catch (error) {
      // It has just ended, and its status does not say so yet.
      if (!(error instanceof TypeError || error instanceof Deno.errors.NotFound)) throw error;
    }
  }

  /** Types at the standard input of the process. Does nothing if it has ended. */
  async type(input: string | Uint8Array): Promise<void> {
    const bytes = typeof input === "string" ? new TextEncoder().encode(input) : input;
    await this.#input?.write(bytes).catch(ignoreBrokenPipe);
  }

  /** Ends the process's standard input. */
  async endInput(): Promise<void> {
    await this.#input?.close().catch(ignoreBrokenPipe);
  }

  /**
   * Waits until the output contains `pattern`, after the place where the last wait on the same
   * stream ended. Throws when the process ends, or its time is over, without it.
   */
  async waitFor(pattern: string | RegExp, stream: "stdout" | "stderr" = "stdout"): Promise<string> {
    const match = await this[stream].waitFor(pattern);
    if (match === undefined) {
      throw new Error(this.#report(`ended without ${JSON.stringify(`${pattern}`)} on ${stream}`));
    }
    return match;
  }

  /** Waits until the process has ended. Throws if that takes too long. */
  async finished(): Promise<ProcessResult> {
    const { code } = await this.child.status;
    await Promise.all([this.stdout.ended, this.stderr.ended]);
    if (this.#late) throw new Error(this.#report("was killed"));
    return { code, stdout: this.stdout.text, stderr: this.stderr.text };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearTimeout(this.#timer);
    this.#kill();
    await this.child.status;
    await Promise.all([this.stdout.ended, this.stderr.ended]);
    await this.#input?.abort().catch(ignoreBrokenPipe);
    await this.#plan.home[Symbol.asyncDispose]();
  }

  #kill(): void {
    this.signal("SIGKILL");
    // Its own children may still hold the streams open.
    this.stdout.cancel();
    this.stderr.cancel();
  }

  #report(what: string): string {
    const { args, timeoutMs } = this.#plan;
    return [
      `${this.#late ? `Timed out after ${timeoutMs} ms: ` : ""}the process ${what}: ${
        args.join(" ")
      }`,
      `stdout: ${this.stdout.text}`,
      `stderr: ${this.stderr.text}`,
    ].join("\n");
  }
}

function ignoreBrokenPipe(error: unknown): void {
  if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
}
