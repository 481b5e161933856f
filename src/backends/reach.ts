/** The way to a server: its name, its addresses and its certificate. */
import { lookup } from "node:dns";
import { createConnection, isIP, type Socket } from "node:net";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { bracketed } from "../core/connection_url.ts";
import { messageOf } from "../core/errors.ts";
import { listed } from "../core/text.ts";
import { within } from "../core/within.ts";
import { failure, ok, type Outcome, skipped, warning } from "./checks.ts";
import type { DiagnosisOptions } from "./diagnosis.ts";

/** Where a server listens. */
export interface ServerPlace {
  readonly host: string;
  readonly port: number;
}

/** How the connection to a server is encrypted. */
export interface Encryption {
  /** `unchecked`: encrypted, but anybody may answer. */
  readonly mode: "plain" | "unchecked" | "checked";
  /** What the URL says about it, for messages: `sslmode=prefer`. */
  readonly stated: string;
  /** What to write in the URL for a connection that is encrypted and checked. */
  readonly better: string;
  /** The certificate that azu shows, if there is one. */
  readonly identity?: { readonly cert?: string; readonly key?: string };
  /** How to ask the server for TLS; missing if it expects it from the first byte. */
  readonly ask?: TlsRequest;
}

/** How a protocol turns to TLS. */
export interface TlsRequest {
  /** What is sent first; missing if the server speaks first. */
  readonly request?: Uint8Array;
  /**
   * @param first The first bytes of the server.
   * @returns what is sent before TLS begins; undefined if the server has no TLS.
   */
  answer(first: Uint8Array): Uint8Array | undefined;
}

/** Milliseconds to find an address, to connect, or to shake hands. A sound server takes a few. */
const PATIENCE = 1500;

/** Makes the checks `reach.resolve`, `reach.addresses` and `reach.tls`. */
export async function reachServers(
  places: readonly ServerPlace[],
  encryption: () => Promise<Encryption>,
  { onFinding, now, signal }: DiagnosisOptions,
): Promise<void> {
  const resolved = await Promise.all(places.map((place) => resolve(place, signal)));
  onFinding({ id: "reach.resolve", ...resolution(resolved) });
  const addresses = resolved.flatMap(({ port, addresses }) => {
    return addresses.map((host) => ({ host, port }));
  });
  if (addresses.length === 0) return;
  const isOpen = await Promise.all(addresses.map((place) => listens(place, signal)));
  const silent = addresses.filter((_, index) => !isOpen[index]);
  onFinding({ id: "reach.addresses", ...listening(addresses, silent) });
  if (silent.length === addresses.length) return;
  const isLocal = addresses.every(({ host }) => /^(?:127\.|::1$|::ffff:127\.)/.test(host));
  const open = resolved.filter(({ port, addresses }) => {
    return addresses.some((host) => !silent.some((one) => one.host === host && one.port === port));
  });
  onFinding({
    id: "reach.tls",
    ...await protection(open, await encryption(), isLocal, now(), signal),
  });
}

interface Resolved extends ServerPlace {
  readonly addresses: readonly string[];
}

async function resolve({ host, port }: ServerPlace, signal: AbortSignal): Promise<Resolved> {
  if (isIP(host) !== 0) return { host, port, addresses: [host] };
  try {
    const found = await within(addressesOf(host), { ms: PATIENCE, signal });
    return { host, port, addresses: [...new Set(found)] };
  } catch {
    signal.throwIfAborted();
    return { host, port, addresses: [] }; // whatever the reason, nobody can connect
  }
}

/** With `node:dns/promises`, Deno 2.5 prints a warning. */
async function addressesOf(host: string): Promise<readonly string[]> {
  const { promise, resolve, reject } = Promise.withResolvers<readonly string[]>();
  lookup(host, { all: true }, (error, found) => {
    if (error === null) resolve(found.map(({ address }) => address));
    else reject(error);
  });
  return await promise;
}

function resolution(resolved: readonly Resolved[]): NonNullable<Outcome> {
  const unknown = resolved.filter(({ addresses }) => addresses.length === 0);
  const names = resolved.filter(({ host }) => isIP(host) === 0);
  if (unknown.length > 0) {
    const evidence = `no address was found for ${listed(unknown.map(({ host }) => host), "and")}`;
    return unknown.length === resolved.length ? failure(evidence) : warning(evidence);
  }
  if (names.length === 0) return ok("the URL states addresses");
  return ok(
    names.map(({ host, addresses }) => `${host} is ${listed(addresses, "and")}`).join("; "),
  );
}

/** Whether the address accepts a connection. */
export async function listens(
  { host, port }: ServerPlace,
  signal: AbortSignal,
): Promise<boolean> {
  const socket = createConnection({ host, port });
  try {
    await within(connected(socket), { ms: PATIENCE, signal });
    return true;
  } catch {
    signal.throwIfAborted();
    return false;
  } finally {
    socket.on("error", () => {});
    socket.destroy();
  }
}

async function connected(socket: Socket): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  socket.once("connect", resolve);
  socket.once("error", reject);
  socket.once("close", () => reject(new Error("the server closed the connection")));
  await promise;
}

function listening(
  all: readonly ServerPlace[],
  silent: readonly ServerPlace[],
): NonNullable<Outcome> {
  const names = (places: readonly ServerPlace[]) => {
    return listed(places.map(({ host, port }) => `${bracketed(host)}:${port}`), "and");
  };
  if (silent.length === 0) return ok(`something listens on ${names(all)}`);
  const evidence = `nothing listens on ${names(silent)}`;
  return silent.length === all.length ? failure(evidence) : warning(evidence);
}

async function protection(
  places: readonly ServerPlace[],
  encryption: Encryption,
  isLocal: boolean,
  now: Date,
  signal: AbortSignal,
): Promise<NonNullable<Outcome>> {
  const { mode, stated, better } = encryption;
  const plain = () => {
    return isLocal
      ? ok("it is not encrypted, but does not leave this machine")
      : warning(`the connection is not encrypted (${stated})`, better);
  };
  if (mode === "plain") return plain();
  const ends: (number | undefined)[] = [];
  for (const place of places) {
    try {
      ends.push(await certificateEnd(place, encryption, signal));
    } catch (error) {
      signal.throwIfAborted();
      return skipped(`no certificate could be read: ${messageOf(error)}`);
    }
  }
  const known = ends.filter((end) => end !== undefined);
  // The server has no TLS, so azu connects without it, or not at all.
  if (known.length < ends.length) return mode === "checked" ? failure("no TLS", better) : plain();
  const validity = validityOf(Math.min(...known), mode, now);
  if (validity.status === "ok" && mode === "unchecked" && !isLocal) {
    return warning(`anybody may answer: the certificate is not checked (${stated})`, better);
  }
  return validity;
}

/** Days. Authorities renew certificates 30 days before their end. */
const SOON = 30;

const DAY = 86_400_000;

function validityOf(end: number, mode: Encryption["mode"], now: Date): NonNullable<Outcome> {
  const date = new Date(end).toISOString().slice(0, 10);
  const days = Math.floor((end - now.getTime()) / DAY);
  if (days < 0) {
    const evidence = `the certificate has expired (${date})`;
    return mode === "checked" ? failure(evidence) : warning(evidence);
  }
  const evidence = `the certificate is valid until ${date}, for ${days} more days`;
  return days < SOON ? warning(evidence) : ok(evidence);
}

/**
 * When the server's certificate ends, in milliseconds since 1970. It is not checked here: the
 * connection of the store does that.
 * @returns undefined if the server has no TLS.
 */
async function certificateEnd(
  place: ServerPlace,
  encryption: Encryption,
  signal: AbortSignal,
): Promise<number | undefined> {
  const open: Socket[] = [];
  const late = () => new Error(`no TLS handshake within ${PATIENCE / 1000} s`);
  try {
    const secure = securedSocket(place, encryption, open);
    const socket = await within(secure, { ms: PATIENCE, signal, late });
    if (socket === undefined) return undefined;
    const end = Date.parse(socket.getPeerCertificate().valid_to);
    if (Number.isNaN(end)) throw new Error("it has no readable end");
    return end;
  } finally {
    for (const socket of open) socket.destroy();
  }
}

/**
 * Shakes hands with a server.
 * @param open Receives all sockets.
 * @returns undefined if the server has no TLS.
 */
async function securedSocket(
  { host, port }: ServerPlace,
  { identity = {}, ask }: Encryption,
  open: Socket[],
): Promise<TLSSocket | undefined> {
  const servername = isIP(host) === 0 ? { servername: host } : {};
  const options = { host, ...identity, ...servername, rejectUnauthorized: false };
  const { promise, resolve, reject } = Promise.withResolvers<TLSSocket | undefined>();
  // All listeners are added at once: a handshake can be over before a promise is.
  const opened = <S extends Socket>(socket: S): S => {
    open.push(socket);
    socket.on("error", reject);
    socket.on("close", () => reject(new Error("the server closed the connection")));
    return socket;
  };
  const awaited = (socket: TLSSocket) => {
    opened(socket).once("secureConnect", () => resolve(socket));
  };
  if (ask === undefined) {
    awaited(connectTls({ ...options, port }));
    return await promise;
  }
  const socket = opened(createConnection({ host, port }));
  const { request } = ask;
  if (request !== undefined) socket.once("connect", () => socket.write(request));
  socket.once("data", (first: Uint8Array) => {
    const answer = ask.answer(first);
    if (answer === undefined) return resolve(undefined);
    if (answer.length > 0) socket.write(answer);
    // In this very event: Deno 2.5 cannot turn a socket to TLS any later.
    awaited(connectTls({ ...options, socket }));
  });
  return await promise;
}
