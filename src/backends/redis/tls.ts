/** TLS: reads the PEM files that the config names, and finds out why a handshake fails. */
import { resolve } from "node:path";
import { messageOf, UsageError } from "../../core/errors.ts";
import type { TlsContext } from "./connection.ts";
import type { NodeAddress } from "./url.ts";

/** Names of PEM files, and the folder that relative names start from. */
export interface TlsFiles {
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  readonly root: string;
}

/** @throws {UsageError} if a file cannot be read, or contains something else. */
export async function readTls({ root, ca, cert, key }: TlsFiles): Promise<TlsContext> {
  const read = async (option: string, name: string | undefined, kind: RegExp) => {
    if (name === undefined) return undefined;
    const where = `session.backends.redis.tls.${option}`;
    const text = await Deno.readTextFile(resolve(root, name)).catch((error: unknown) => {
      throw new UsageError(`${where}: cannot read ${name}: ${reasonOf(error)}`, { cause: error });
    });
    if (kind.test(text)) return text;
    throw new UsageError(`${where}: ${name} is not a PEM file of ${WANTED[option] ?? "that kind"}`);
  };
  const authorities = await read("ca", ca, CERTIFICATE);
  const certificate = await read("cert", cert, CERTIFICATE);
  const privateKey = await read("key", key, /-----BEGIN [A-Z ]*PRIVATE KEY-----/);
  if (privateKey?.includes("ENCRYPTED")) {
    throw new UsageError(`session.backends.redis.tls.key: ${key} is protected by a passphrase`, {
      hint: "Save it without a passphrase, readable only by you: openssl pkey -in … -out …",
    });
  }
  return {
    ...(authorities === undefined ? {} : { ca: authorities }),
    ...(certificate === undefined || privateKey === undefined
      ? {}
      : { cert: certificate, key: privateKey }),
  };
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----/;

const WANTED: Readonly<Record<string, string>> = {
  ca: "certificates",
  cert: "a certificate",
  key: "a private key",
};

function reasonOf(error: unknown): string {
  if (error instanceof Deno.errors.NotFound) return "there is no such file";
  if (error instanceof Deno.errors.PermissionDenied) return "permission denied";
  return messageOf(error);
}

/** Milliseconds to find out why TLS fails. */
const PROBE_TIMEOUT = 2000;

/**
 * Why TLS with a server fails: node:tls reports only "write UNKNOWN" on Deno 2.5. A server that
 * asks for a client certificate says so only after the handshake, so one command is sent too.
 * @returns undefined if nothing goes wrong, or it takes too long to find out.
 */
export async function tlsProblem(
  { host, port }: NodeAddress,
  { ca, cert, key }: TlsContext,
): Promise<string | undefined> {
  let connection: Deno.TlsConn | undefined;
  let isOver = false;
  const timer = setTimeout(() => {
    isOver = true;
    connection?.close();
  }, PROBE_TIMEOUT);
  try {
    connection = await Deno.connectTls({
      hostname: host,
      port,
      ...(ca === undefined ? {} : { caCerts: [ca] }),
      ...(cert === undefined || key === undefined ? {} : { cert, key }),
    });
    await connection.handshake();
    await connection.write(new TextEncoder().encode("PING\r\n"));
    await connection.read(new Uint8Array(1024));
    return undefined;
  } catch (error) {
    return isOver ? undefined : messageOf(error);
  } finally {
    clearTimeout(timer);
    if (!isOver) connection?.close();
  }
}
