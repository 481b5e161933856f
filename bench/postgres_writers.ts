/**
 * An app that goes on writing while its sessions are cleared: four clients, each a statement at a
 * time, alternately a visit to any session of the start and a new one, at a fixed rate. Tells how
 * long each was waited for; one that comes late because the one before was slow, from when it was
 * due.
 */
// @ts-types="@types/pg"
import pg from "pg";
import { answerWith } from "./support/other_process.ts";

const CLIENTS = 4;

/** Milliseconds between two statements of a client. */
const INTERVAL = 10;

const VISIT = "UPDATE sessions SET updated_at = now() WHERE id = $1";
const CREATE = `INSERT INTO sessions (session_id, data, created_at, updated_at, expires_at)
  VALUES ($1, $2, now(), now(), now() + interval '1 day')`;

const [url, sessions] = [Deno.args[0] ?? "", Number(Deno.args[1])];
const data = new Uint8Array(192);
const waits = { visits: [], creations: [] };
for (let client = 0; client < CLIENTS; client++) void write(waits.visits, waits.creations);
await answerWith(waits);
Deno.exit(0);

async function write(visits: number[], creations: number[]): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const first = performance.now() + Math.random() * INTERVAL;
  for (let index = 0;; index++) {
    const due = first + index * INTERVAL;
    const early = due - performance.now();
    if (early > 0) await new Promise((resolve) => setTimeout(resolve, early));
    // If a timer is late, this process is the reason and not the store.
    const start = early > 0 ? performance.now() : due;
    if (index % 2 === 0) await client.query(VISIT, [1 + Math.floor(Math.random() * sessions)]);
    else await client.query(CREATE, [crypto.randomUUID(), data]);
    (index % 2 === 0 ? visits : creations).push(performance.now() - start);
  }
}
