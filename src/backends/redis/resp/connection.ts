/** One connection to a server that speaks RESP: commands out, replies back in their order. */
import { type Argument, encoded } from "./command.ts";
import { opened, type RespTarget, RespTimeout } from "./open.ts";
import { CommandBuffer } from "./command_buffer.ts";
import { ReplyBuffer } from "./reply_buffer.ts";
import { type Parsed, parseReply, ProtocolError, type Reply, RespError } from "./protocol.ts";

/** Milliseconds. */
export interface RespTimeouts {
  readonly connect: number;
  /** Without a byte from a server that owes a reply. */
  readonly silence: number;
}

/** The connection ended before all replies had come. */
export class ConnectionLost extends Error {
  override readonly name = "ConnectionLost";
}

interface Waiting {
  parse(bytes: Uint8Array, start: number): Parsed<unknown> | undefined;
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

export class RespConnection implements Disposable {
  /** Milliseconds that it took to connect: at least one way there and back, whatever the load. */
  readonly roundTrip: number;
  readonly #connection: Deno.Conn;
  #silence: number;
  readonly #waiting: Waiting[] = [];
  readonly #replies = new ReplyBuffer();
  #broken: unknown;
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #outgoing = new CommandBuffer();
  #isWriting = false;

  private constructor(connection: Deno.Conn, silence: number, roundTrip: number) {
    this.roundTrip = roundTrip;
    this.#connection = connection;
    this.#silence = silence;
    void this.#read();
  }

  /** @throws the system's error, {@link RespTimeout}, or the signal's reason. */
  static async open(
    target: RespTarget,
    timeouts: RespTimeouts,
    signal: AbortSignal,
  ): Promise<RespConnection> {
    const start = performance.now();
    const connection = await opened(target, timeouts.connect, signal);
    return new RespConnection(connection, timeouts.silence, performance.now() - start);
  }

  /**
   * Sends a command.
   * @throws {RespError} where the server answers with an error.
   */
  async call(...command: readonly Argument[]): Promise<Reply> {
    const reply = await this.send([encoded(command)], parseReply);
    if (reply instanceof RespError) throw reply;
    return reply;
  }

  /**
   * Sends a command, or several, which may be in pieces.
   * @param parse Reads the answer; undefined as long as its end has not come.
   * @throws where the connection ends before that.
   */
  send<T>(
    command: readonly Uint8Array[],
    parse: (bytes: Uint8Array, start: number) => Parsed<T> | undefined,
  ): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.#broken !== undefined) return reject(this.#broken);
      let parsed: Parsed<T> | undefined;
      this.#waiting.push({
        parse: (bytes, start) => parsed = parse(bytes, start),
        resolve: () => parsed === undefined ? reject(this.#broken) : resolve(parsed.value),
        reject,
      });
      this.#restartTimer();
      void this.#write(command);
    });
  }

  /** From the next command on, so many milliseconds without a byte are the end. */
  set silence(limit: number) {
    this.#silence = limit;
  }

  get isClosed(): boolean {
    return this.#broken !== undefined;
  }

  /** What is still owed is rejected with the reason. */
  close(reason: unknown = new ConnectionLost("the connection was closed")): void {
    if (this.#broken === undefined) {
      this.#broken = reason;
      this.#connection.close();
    }
    clearTimeout(this.#timer);
    for (const { reject } of this.#waiting.splice(0)) reject(this.#broken);
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** In the order of the calls; those of one moment go out together. */
  async #write(command: readonly Uint8Array[]): Promise<void> {
    this.#outgoing.add(command);
    if (this.#isWriting) return;
    this.#isWriting = true;
    try {
      await Promise.resolve();
      for (let bytes; (bytes = this.#outgoing.take()) !== undefined;) {
        for (let sent = 0; sent < bytes.length && this.#broken === undefined;) {
          sent += await this.#connection.write(bytes.subarray(sent));
        }
      }
    } catch (error) {
      this.close(error);
    } finally {
      this.#isWriting = false;
    }
  }

  /** Also while nothing is owed: a server that goes away, or talks unasked, is found out then. */
  async #read(): Promise<void> {
    try {
      for (;;) {
        const next = this.#waiting[0];
        if (next === undefined && !this.#replies.isEmpty) {
          throw new ProtocolError("a reply that nobody asked for");
        }
        const parsed = next && this.#replies.take(next.parse);
        if (next === undefined || parsed === undefined) {
          await this.#fill();
          continue;
        }
        this.#waiting.shift();
        this.#restartTimer();
        next.resolve(parsed.value);
      }
    } catch (error) {
      this.close(error);
    }
  }

  async #fill(): Promise<void> {
    const read = await this.#connection.read(this.#replies.room());
    if (read === null) throw new ConnectionLost("the server closed the connection");
    this.#replies.hasRead(read);
    this.#restartTimer();
  }

  #restartTimer(): void {
    clearTimeout(this.#timer);
    if (this.#waiting.length === 0 || this.#broken !== undefined) return;
    this.#timer = setTimeout(() => {
      this.close(new RespTimeout(`no answer for ${this.#silence / 1000} s`));
    }, this.#silence);
  }
}
