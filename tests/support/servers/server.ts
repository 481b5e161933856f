import { Output } from "../output.ts";
import { pollUntil } from "../poll.ts";
import { removeTree } from "../temp.ts";

/** How to start a server. It writes to its own folder only. */
export interface ServerPlan {
  readonly command: string;
  readonly args: readonly string[];
  /** It is removed when the server ends. */
  readonly dir: string;
  readonly stopSignal: "INT" | "TERM";
  readonly owner?: { readonly uid: number; readonly gid: number } | undefined;
  /** The line in the log of the server that says that it is ready. */
  readonly readyLine: RegExp;
  /** Whether the server answers over the network. */
  readonly answers: () => Promise<boolean>;
}

/** A server that runs until it is disposed of. */
export interface Server extends AsyncDisposable {
  readonly pid: number;
  /** The folder that it writes to. */
  readonly dir: string;
}

// The server must not outlive this process or its folder. The guard has a pipe that ends with
// this process. Then it stops the server and removes the folder.
const GUARD = `
dir=$1 signal=$2; shift 2
exec 3<&0
"$@" </dev/null >"$dir/server.log" 2>&1 3<&- &
server=$!
echo "$server"
trap '' HUP INT TERM
(read -r _ <&3; kill -s "$signal" "$server") >/dev/null 2>&1 &
watcher=$!
wait "$server"; code=$?
kill -s KILL "$watcher" 2>/dev/null
tail -c 4000 "$dir/server.log"
rm -rf "$dir"
exit "$code"
`;

/** Starts a server and waits until it is ready. If that fails, throws an error with its log. */
export async function startServer(plan: ServerPlan): Promise<Server> {
  const child = new Deno.Command("/bin/sh", {
    args: ["-c", GUARD, "sh", plan.dir, plan.stopSignal, plan.command, ...plan.args],
    cwd: plan.dir,
    clearEnv: true,
    env: { PATH: Deno.env.get("PATH") ?? "/usr/bin:/bin", LC_ALL: "C" },
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
    ...plan.owner,
  }).spawn();
  let exited = false;
  const status = child.status.finally(() => exited = true);
  const said = new Output(child.stdout);
  const pid = Number(await said.waitFor(/^\d+\n/));

  const end = async () => {
    await child.stdin.close().catch(ignoreBrokenPipe);
    // After this time the server is stuck, and its guard waits for it.
    const timer = setTimeout(() => Deno.kill(pid, "SIGKILL"), 20_000);
    await status;
    clearTimeout(timer);
    await said.ended;
    await removeTree(plan.dir);
  };
  let ending: Promise<void> | undefined;
  const stop = () => ending ??= end();
  try {
    await pollUntil(`${plan.command} to be ready`, () => isReady(plan, () => exited), 60_000);
  } catch (error) {
    await stop();
    const log = said.text.replace(/^\d+\n/, () => "");
    throw new Error(`Cannot start ${plan.command}: ${log}`, { cause: error });
  }
  return { pid, dir: plan.dir, [Symbol.asyncDispose]: stop };
}

async function isReady(plan: ServerPlan, exited: () => boolean): Promise<boolean> {
  if (exited()) throw new Error(`${plan.command} ended before it was ready`);
  try {
    if (!plan.readyLine.test(await Deno.readTextFile(`${plan.dir}/server.log`))) return false;
  } catch (error) {
    // Not there yet, or already removed by the guard.
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
  return await plan.answers();
}

/** Calls `start` with a free port, and with another one if the port has been taken meanwhile. */
export async function onFreePort<T>(start: (port: number) => Promise<T>): Promise<T> {
  for (let attempt = 1;; attempt++) {
    try {
      return await start(freePort());
    } catch (error) {
      const taken = error instanceof Error && /address already in use/i.test(error.message);
      if (!taken || attempt === 3) throw error;
    }
  }
}

/** A TCP port of 127.0.0.1 that nobody listens on at this moment. */
export function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

/** Sends bytes to a port of 127.0.0.1 and returns the first of the answer; empty if there is none. */
export async function exchange(port: number, request: Uint8Array): Promise<Uint8Array> {
  try {
    using connection = await Deno.connect({ hostname: "127.0.0.1", port });
    await connection.write(request);
    const answer = new Uint8Array(512);
    return answer.subarray(0, await connection.read(answer) ?? 0);
  } catch (error) {
    if (error instanceof Deno.errors.ConnectionRefused) return new Uint8Array();
    if (error instanceof Deno.errors.ConnectionReset) return new Uint8Array();
    throw error;
  }
}

function ignoreBrokenPipe(error: unknown): void {
  if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
}
