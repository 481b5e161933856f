/** One plain connection to one Redis server. The only file that imports ioredis. */
import { type Buffer, isAscii } from "node:buffer";
import { connect as connectTcp, isIP, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { AbstractConnector, Redis } from "ioredis";
import { within } from "../../core/within.ts";
import { hardenStream } from "../harden_stream.ts";
import type { NodeAddress } from "./url.ts";

/** PEM texts to use for TLS. */
export interface TlsContext {
  /** Authorities to trust besides the system's. */
  readonly ca?: string;
  /** The client certificate and its key, for servers that require them: both or neither. */
  readonly cert?: string;
  readonly key?: string;
}

export interface ConnectionTarget {
  readonly address: NodeAddress;
  /** Undefined for a connection without TLS. */
  readonly tls: TlsContext | undefined;
  /** Milliseconds to connect, including the TLS handshake. */
  readonly timeout: number;
}

/** An error reply of the server. Its code is the first word of its message. */
export class ErrorReply extends Error {
  override readonly name = "ErrorReply";

  get code(): string {
    return this.message.split(" ", 1)[0] ?? "";
  }
}

/** The server sent something that is not a valid reply. */
export class ProtocolError extends Error {
  override readonly name = "ProtocolError";
}

/** The connection ended before all replies had arrived. */
export class ConnectionLost extends Error {
  override readonly name = "ConnectionLost";
}

/** The server did not reply, or accept the connection, in time. */
export class AnswerTimeout extends Error {
  override readonly name = "AnswerTimeout";
}

/** A part of a command. Keys are buffers, because a key can contain any bytes. */
export type Argument = string | number | Buffer;

export class RedisConnection implements Disposable {
  /** Milliseconds that connecting took: an upper bound for one round trip of an idle server. */
  readonly roundTrip: number;
  /** While a command waits, the connection ends after this many milliseconds without a byte. */
  silence: number;
  readonly #redis: Redis;
  readonly #socket: Socket;
  #waiting = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #end: unknown;

  private constructor(socket: Socket, silence: number, roundTrip: number) {
    this.roundTrip = roundTrip;
    this.silence = silence;
    this.#socket = socket;
    this.#redis = clientOn(socket);
    // ioredis reports errors also while no command waits, for example after an unexpected reply.
    this.#redis.on("error", (error: unknown) => this.close(this.#failureOf(error)));
    this.#redis.on("close", () => this.close(lost()));
  }

  /**
   * Tries every address of the host.
   * @throws the system's error, {@linkcode AnswerTimeout}, or the signal's reason.
   */
  static async open(target: ConnectionTarget, signal: AbortSignal): Promise<RedisConnection> {
    const start = performance.now();
    const socket = await openTrusted(target, signal);
    const connection = new RedisConnection(socket, target.timeout, performance.now() - start);
    try {
      await connection.#redis.connect();
    } catch (error) {
      connection.close(connection.#failureOf(error));
      throw connection.#end;
    }
    socket.on("data", () => connection.#restartTimer());
    return connection;
  }

  /**
   * Sends a command. Texts in the reply are buffers; check its type before you use it.
   * @throws {ErrorReply} if the server replies with an error. After any other error it is not
   *   known whether the server has run the command.
   */
  async call(name: string, ...args: readonly (Argument | readonly Buffer[])[]): Promise<unknown> {
    if (this.isClosed) throw this.#end;
    this.#waiting++;
    try {
      this.#writeTogether();
      const reply = this.#redis.callBuffer(name, args.flat().map(asText));
      if (this.#waiting === 1) this.#restartTimer();
      return await reply;
    } catch (error) {
      const failure = this.#failureOf(error);
      if (!(failure instanceof ErrorReply)) this.close(failure);
      throw failure;
    } finally {
      this.#waiting--;
      if (this.#waiting === 0) clearTimeout(this.#timer);
    }
  }

  get isClosed(): boolean {
    return this.#end !== undefined;
  }

  /** Commands that still wait for a reply are rejected with the reason. */
  close(reason: unknown = new ConnectionLost("the connection was closed")): void {
    this.#end ??= reason;
    clearTimeout(this.#timer);
    this.#redis.disconnect();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /**
   * Writes commands that are sent together in one piece: a write costs more than a command on one
   * key (measured).
   */
  #writeTogether(): void {
    if (this.#socket.writableCorked > 0) return;
    this.#socket.cork();
    queueMicrotask(() => this.#socket.uncork());
  }

  #restartTimer(): void {
    clearTimeout(this.#timer);
    if (this.#waiting === 0 || this.isClosed) return;
    this.#timer = setTimeout(() => {
      this.close(new AnswerTimeout(`no answer for ${this.silence / 1000} s`));
    }, this.silence);
  }

  /**
   * Converts an error of ioredis. Leaves out what may contain keys: the command's arguments, and
   * the bytes that the parser has read.
   */
  #failureOf(error: unknown): unknown {
    if (!(error instanceof Error)) return this.#end ?? lost();
    if (error.name === "ReplyError") return new ErrorReply(withoutArguments(error.message));
    if (this.#end !== undefined) return this.#end;
    // The second: the socket has ended, but ioredis does not know it yet.
    if (/^Connection is closed\.|^Stream isn't writeable/.test(error.message)) return lost();
    // A server with too many clients says so before it is asked.
    const [, unasked] = /^Command queue state error.* Last error: (.*)$/s.exec(error.message) ?? [];
    if (unasked !== undefined) return new ErrorReply(withoutArguments(unasked));
    const isInvalid = /^(?:ParserError|RangeError|TypeError|EndlessAnswer)$/.test(error.name) ||
      error.message.startsWith("Command queue state error");
    return isInvalid ? new ProtocolError(`the reply is not valid (${error.name})`) : error;
  }
}

/** ioredis writes texts much faster than buffers. ASCII text is the same bytes in both forms. */
function asText(argument: Argument): Argument {
  return typeof argument === "object" && isAscii(argument) ? argument.toString() : argument;
}

/** Redis repeats the arguments of a command that it does not know. */
function withoutArguments(message: string): string {
  return message.replace(/,? with args beginning with:.*$/s, "");
}

function lost(): ConnectionLost {
  return new ConnectionLost("the server closed the connection");
}

/** ioredis on an open socket: it neither connects again, nor queues, nor sends commands itself. */
function clientOn(socket: Socket): Redis {
  class OpenSocket extends AbstractConnector {
    override stream = socket;

    constructor() {
      super(0);
    }

    override connect(): Promise<Socket> {
      return Promise.resolve(socket);
    }

    override disconnect(): void {
      socket.destroy();
    }
  }
  return new Redis({
    Connector: OpenSocket,
    lazyConnect: true,
    retryStrategy: () => null,
    enableReadyCheck: false,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    disableClientInfo: true,
  });
}

/**
 * On Deno 2.9, as in Node, `ca` replaces the authorities that are trusted by default; Deno 2.5 adds
 * it to them. We trust both, as Deno 2.5 does: a certificate may be signed by either.
 */
async function openTrusted(target: ConnectionTarget, signal: AbortSignal): Promise<Socket> {
  const { tls, timeout } = target;
  const start = performance.now();
  try {
    return await openSocket(target, signal);
  } catch (error) {
    if (tls?.ca === undefined || !isUntrusted(error)) throw error;
    const { ca: _, ...withoutCa } = tls;
    const left = Math.max(1, timeout - (performance.now() - start));
    return await openSocket({ ...target, tls: withoutCa, timeout: left }, signal);
  }
}

/** Whether the certificate is signed by no authority that we trust. The codes are OpenSSL's. */
function isUntrusted(error: unknown): boolean {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return /^(?:UNABLE_TO_VERIFY_LEAF_SIGNATURE|(?:DEPTH_ZERO_)?SELF_SIGNED_CERT)/.test(code);
}

async function openSocket(
  { address: { host, port }, tls, timeout }: ConnectionTarget,
  signal: AbortSignal,
): Promise<Socket> {
  signal.throwIfAborted();
  const socket = tls === undefined
    ? connectTcp({ host, port })
    : connectTls({ host, port, ...tls, ...(isIP(host) === 0 ? { servername: host } : {}) });
  hardenStream(socket);
  let awaited = "connection";
  socket.once("connect", () => awaited = "TLS handshake");
  const opened = new Promise<void>((resolve, reject) => {
    socket.once(tls === undefined ? "connect" : "secureConnect", resolve);
    socket.once("error", reject);
    socket.once("close", () => reject(lost()));
  });
  const late = () => new AnswerTimeout(`no ${awaited} after ${timeout / 1000} s`);
  try {
    await within(opened, { ms: timeout, signal, late });
    return socket;
  } catch (error) {
    socket.on("error", () => {}); // what it says after this is of no interest
    socket.destroy();
    throw error;
  }
}
