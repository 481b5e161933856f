/** Debian's packages that the behaviour tests need besides those of the other tests. */
import { cannotInstall, installPackages } from "../support/servers/debian.ts";
import { which } from "../support/servers/programs.ts";

const PACKAGES = [
  // What Crystal links a real app with.
  ...["libssl-dev", "zlib1g-dev", "libsqlite3-dev", "libgmp-dev", "libyaml-dev", "libxml2-dev"],
  ...["libpcre3-dev", "libevent-dev"],
  ...["mariadb-server-core", "mariadb-client-core"],
];

/** Installs what is missing of it, and returns a line for each that cannot be had. */
export async function installForLinking(): Promise<string[]> {
  if (which("dpkg-query") === undefined) return [];
  const absent: string[] = [];
  for (const name of PACKAGES) if (!await isInstalled(name)) absent.push(name);
  const obstacle = absent.length === 0 ? undefined : cannotInstall();
  if (obstacle !== undefined) return absent.map((name) => `${name}: ${obstacle}`);
  return Array.from(await installPackages(absent), ([name, why]) => `${name}: ${why}`);
}

async function isInstalled(name: string): Promise<boolean> {
  const { success, stdout } = await new Deno.Command("dpkg-query", {
    args: ["--show", "--showformat=${db:Status-Status}", name],
    stderr: "null",
  }).output();
  return success && new TextDecoder().decode(stdout) === "installed";
}
