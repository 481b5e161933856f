/** TLS: reads the PEM files that the config names, and finds out why a handshake fails. */
import { resolve } from "node:path";
import { messageOf, UsageError } from "../../core/errors.ts";
import { readPemFile } from "../pem_file.ts";
import { tlsFailure } from "../tls_failure.ts";
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
    const text = await readPemFile(resolve(root, name)).catch((error: unknown) => {
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

/**
 * Why TLS with a server fails. One that asks for a client certificate says so only after the
 * handshake, so one command is sent too.
 */
export async function tlsProblem(
  { host, port }: NodeAddress,
  { ca, cert, key }: TlsContext,
): Promise<string | undefined> {
  return await tlsFailure(async (opened) => {
    const connection = opened(
      await Deno.connectTls({
        hostname: host,
        port,
        ...(ca === undefined ? {} : { caCerts: [ca] }),
        ...(cert === undefined || key === undefined ? {} : { cert, key }),
      }),
    );
    await connection.handshake();
    await connection.write(new TextEncoder().encode("PING\r\n"));
    await connection.read(new Uint8Array(1024));
  });
}
