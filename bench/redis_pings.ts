/**
 * Pings Redis servers, named by their ports, until stdin ends, and measures each ping:
 * another client, with a process of its own.
 */
import { answerWith } from "./support/other_process.ts";

/** Milliseconds between a reply and the next ping. */
const REST = 1;

const PING = new TextEncoder().encode("PING\r\n");

const waits: Record<string, number[]> = {};
for (const port of Deno.args) void pingFor(Number(port), waits[port] = []);
await answerWith(waits);
Deno.exit(0);

async function pingFor(port: number, took: number[]): Promise<void> {
  using connection = await Deno.connect({ hostname: "127.0.0.1", port });
  connection.setNoDelay(true);
  const reply = new Uint8Array(64);
  for (;;) {
    const start = performance.now();
    await connection.write(PING);
    await connection.read(reply);
    took.push(performance.now() - start);
    await new Promise((resolve) => setTimeout(resolve, REST));
  }
}
