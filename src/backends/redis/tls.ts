/** Reads what TLS is spoken with. */
import { resolve } from "node:path";
import { messageOf, UsageError } from "../../core/errors.ts";
import type { RespTls } from "./resp/open.ts";

/** Names of PEM files, and the folder that relative ones start from. */
export interface TlsFiles {
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  readonly root: string;
}

/** @throws {UsageError} for a file that cannot be read, or holds something else. */
export async function readTls({ root, ca, cert, key }: TlsFiles): Promise<RespTls> {
  const read = async (option: string, name: string | undefined, kind: RegExp) => {
    if (name === undefined) return undefined;
    const where = `session.backends.redis.tls.${option}`;
    const text = await Deno.readTextFile(resolve(root, name)).catch((error: unknown) => {
      throw new UsageError(`${where}: cannot read ${name}: ${reasonOf(error)}`, { cause: error });
    });
    if (kind.test(text)) return text;
    throw new UsageError(`${where}: ${name} is no PEM file of ${WANTED[option] ?? "that kind"}`);
  };
  const [authorities, certificate, privateKey] = [
    await read("ca", ca, CERTIFICATE),
    await read("cert", cert, CERTIFICATE),
    await read("key", key, /-----BEGIN [A-Z ]*PRIVATE KEY-----/),
  ];
  if (privateKey?.includes("ENCRYPTED")) {
    throw new UsageError(`session.backends.redis.tls.key: ${key} asks for a passphrase`, {
      hint: "Write it without one, to a file that only you can read: openssl pkey -in … -out …",
    });
  }
  return {
    ...(authorities === undefined ? {} : { caCerts: [authorities] }),
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
