/** Certificates for one test, made by openssl. */
import { type TempDir, tempDir } from "../temp.ts";

export interface Certificates extends AsyncDisposable {
  /** The folder of `<name>.crt` and `<name>.key`: the authority is `ca`, a client's is `client`. */
  readonly path: string;
  /** The arguments of redis-server. */
  args(server: "server" | "elsewhere", clients: "yes" | "no"): string[];
  /** Makes the server's certificate again, for so many days. It has expired if they are below 0. */
  sign(server: "server", days: number): Promise<void>;
}

/** Makes an authority, and certificates for 127.0.0.1, for another host and for a client. */
export async function makeCertificates(): Promise<Certificates> {
  const folder = await tempDir("azu-certificates-");
  await openssl(folder, [
    ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"],
    ...["-keyout", "ca.key", "-out", "ca.crt", "-days", "2", "-subj", "/CN=azu test authority"],
  ]);
  await sign(folder, "server", "IP:127.0.0.1,DNS:localhost");
  await sign(folder, "elsewhere", "DNS:redis.example");
  await sign(folder, "client", "DNS:azu");
  const { path } = folder;
  return {
    path,
    args: (name, clients) => [
      ...["--tls-cert-file", `${path}/${name}.crt`, "--tls-key-file", `${path}/${name}.key`],
      ...["--tls-ca-cert-file", `${path}/ca.crt`, "--tls-auth-clients", clients],
    ],
    async sign(name, days) {
      await openssl(folder, [
        ...["x509", "-req", "-in", `${name}.csr`, "-CA", "ca.crt", "-CAkey", "ca.key"],
        ...["-CAcreateserial", "-days", `${days}`, "-extfile", `${name}.ext`],
        ...["-out", `${name}.crt`],
      ]);
    },
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}

/**
 * Makes two more certificates of the server that clients refuse: `expired`, and `v1`, which has
 * version 1.
 */
export async function makeBadCertificates(folder: Certificates): Promise<void> {
  const signed = ["-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial"];
  for (
    const [name, ...options] of [
      ["expired", "-days", "-1", "-extfile", "server.ext"],
      ["v1", "-days", "2"],
    ]
  ) {
    const request = ["x509", "-req", "-in", "server.csr", ...signed, ...options];
    await openssl(folder, [...request, "-out", `${name}.crt`]);
    await Deno.copyFile(`${folder.path}/server.key`, `${folder.path}/${name}.key`);
  }
}

async function sign(folder: TempDir, name: string, alternative: string): Promise<void> {
  await Deno.writeTextFile(`${folder.path}/${name}.ext`, `subjectAltName=${alternative}\n`);
  await openssl(folder, [
    ...["req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"],
    ...["-keyout", `${name}.key`, "-out", `${name}.csr`, "-subj", `/CN=${name}`],
  ]);
  await openssl(folder, [
    ...["x509", "-req", "-in", `${name}.csr`, "-CA", "ca.crt", "-CAkey", "ca.key"],
    ...["-CAcreateserial", "-days", "2", "-extfile", `${name}.ext`, "-out", `${name}.crt`],
  ]);
}

async function openssl(folder: Pick<TempDir, "path">, args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command("openssl", { args, cwd: folder.path })
    .output();
  if (!success) throw new Error(`openssl ${args[0]}: ${new TextDecoder().decode(stderr)}`);
}
