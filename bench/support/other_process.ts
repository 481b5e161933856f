/** Measures in a process of its own, so that work in this process cannot delay it. */
import { isRecord } from "../../src/core/record.ts";
import { printLine } from "../../tests/support/output.ts";
import { linesOf } from "./lines.ts";

/** Milliseconds that each client of a store waited, by the name of the client. */
export type Waits = Readonly<Record<string, readonly number[]>>;

/** A program that measures until it is disposed of. */
export class OtherProcess implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #lines: AsyncGenerator<string>;

  /** Starts a module that calls {@linkcode answerWith}, and waits until it measures. */
  static async start(module: string, ...args: string[]): Promise<OtherProcess> {
    const started = new OtherProcess(module, args);
    await started.since();
    return started;
  }

  private constructor(module: string, args: string[]) {
    this.#child = new Deno.Command(Deno.execPath(), {
      args: ["run", "--allow-all", module, ...args],
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    this.#input = this.#child.stdin.getWriter();
    this.#lines = linesOf(this.#child.stdout);
  }

  /** The measurements since the last call. */
  async since(): Promise<Waits> {
    await this.#input.write(new TextEncoder().encode("\n"));
    const { value, done } = await this.#lines.next();
    if (done) throw new Error("The measuring process has ended");
    const answer: unknown = JSON.parse(value);
    if (!isRecord(answer)) throw new Error("The measuring process sent no measurements");
    return Object.fromEntries(
      Object.entries(answer).map(([name, list]) => {
        return [name, Array.isArray(list) ? list.map(Number) : []];
      }),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#input.close().catch(() => {}); // it may have ended
    await this.#lines.return(undefined);
    await this.#child.status;
  }
}

/** Answers each line on stdin with the measurements since the last line. Returns at its end. */
export async function answerWith(waits: Record<string, number[]>): Promise<void> {
  for await (const _ of linesOf(Deno.stdin.readable)) {
    const answer = Object.fromEntries(
      Object.entries(waits).map(([name, list]) => [name, list.splice(0)]),
    );
    printLine(JSON.stringify(answer));
  }
}
