/** One connection to a server that speaks RESP: commands out, replies back in their order. */
import { type Argument, encoded, encodedWithKeys, joined } from "./resp_command.ts";
import { opened, type RespTarget, RespTimeout } from "./resp_open.ts";
import { type Parsed, parseReply, ProtocolError, type Reply, RespError } from "./resp.ts";
import { parseCounts, parseScan, type RawKeys, type ScanReply } from "./resp_scan.ts";

/** Milliseconds. */
export interface RespTimeouts {
  readonly connect: number;
  /** Without a byte from a server that owes a reply. */
  readonly silence: number;
}

/** What became of groups of keys that were to be removed. */
export interface UnlinkAnswers {
  /** How many there were of each group, in their order, as far as answers came. */
  readonly answers: readonly (number | RespError)[];
  /** Why the others did not come. */
  readonly failure: unknown;
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

/** Bytes that one read may bring. */
const READ_SIZE = 1 << 17;

export class RespConnection implements Disposable {
  /** Milliseconds that it took to connect: at least one way there and back, whatever the load. */
  readonly roundTrip: number;
  readonly #connection: Deno.Conn;
  readonly #silence: number;
  readonly #waiting: Waiting[] = [];
  #buffer = new Uint8Array(2 * READ_SIZE);
  #start = 0;
  #end = 0;
  #broken: unknown;
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #outgoing: Uint8Array[] = [];
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
    const reply = await this.#send(encoded(command), parseReply);
    if (reply instanceof RespError) throw reply;
    return reply;
  }

  /** One step of a scan. */
  async scan(cursor: string, pattern: Uint8Array, count: number): Promise<ScanReply> {
    const command = encoded(["SCAN", cursor, "MATCH", pattern, "COUNT", count]);
    const reply = await this.#send(command, parseScan);
    if (reply instanceof RespError) throw reply;
    return reply;
  }

  /** Removes keys, each group by a command of its own; does not reject. */
  async unlink(groups: readonly RawKeys[]): Promise<UnlinkAnswers> {
    let answers: readonly (number | RespError)[] = [];
    try {
      await this.#send(encodedWithKeys("UNLINK", groups), (bytes, start) => {
        const parsed = parseCounts(bytes, start, groups);
        answers = parsed.value;
        return answers.length === groups.length ? parsed : undefined;
      });
      return { answers, failure: undefined };
    } catch (failure) {
      return { answers, failure };
    }
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

  #send<T>(
    command: Uint8Array,
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

  /** In the order of the calls; those of one moment go out together. */
  async #write(command: Uint8Array): Promise<void> {
    this.#outgoing.push(command);
    if (this.#isWriting) return;
    this.#isWriting = true;
    try {
      await Promise.resolve();
      while (this.#outgoing.length > 0) {
        const bytes = joined(this.#outgoing.splice(0));
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
        const parsed = next?.parse(this.#buffer.subarray(0, this.#end), this.#start);
        if (next === undefined || parsed === undefined) {
          if (next === undefined && this.#end > this.#start) {
            throw new ProtocolError("a reply that nobody asked for");
          }
          await this.#fill();
          continue;
        }
        this.#start = parsed.next;
        this.#waiting.shift();
        this.#restartTimer();
        next.resolve(parsed.value);
      }
    } catch (error) {
      this.close(error);
    }
  }

  async #fill(): Promise<void> {
    if (this.#buffer.length - this.#end < READ_SIZE) this.#makeRoom();
    const read = await this.#connection.read(this.#buffer.subarray(this.#end));
    if (read === null) throw new ConnectionLost("the server closed the connection");
    this.#end += read;
    this.#restartTimer();
  }

  #makeRoom(): void {
    const owed = this.#end - this.#start;
    const roomy = 2 * owed + READ_SIZE > this.#buffer.length
      ? new Uint8Array(2 * owed + 2 * READ_SIZE)
      : this.#buffer;
    roomy.set(this.#buffer.subarray(this.#start, this.#end));
    [this.#buffer, this.#start, this.#end] = [roomy, 0, owed];
  }

  #restartTimer(): void {
    clearTimeout(this.#timer);
    if (this.#waiting.length === 0 || this.#broken !== undefined) return;
    this.#timer = setTimeout(() => {
      this.close(new RespTimeout(`no answer for ${this.#silence / 1000} s`));
    }, this.#silence);
  }
}
