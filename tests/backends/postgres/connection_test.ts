import { rejects, strictEqual } from "node:assert/strict";
import { connectPostgres, endPostgres } from "../../../src/backends/postgres/connection.ts";
import { parsePostgresUrl } from "../../../src/backends/postgres/url.ts";
import { needs } from "../../support/env.ts";
import { freshPostgres } from "../../support/servers/database.ts";

Deno.test(
  "postgres: a connection may receive any number of answers, but no endless one",
  needs("postgres"),
  async () => {
    await using database = await freshPostgres();
    const url = new URL(database.url);
    url.searchParams.set("sslmode", "disable");
    const { signal } = new AbortController();
    const client = await connectPostgres(parsePostgresUrl(url.href), signal, 5000);
    try {
      const text = (mebibytes: number) => `SELECT repeat('x', ${mebibytes} << 20) AS text`;
      for (let answer = 0; answer < 3; answer++) {
        const { rows } = await client.query(text(30));
        strictEqual(rows[0]?.text.length, 30 << 20);
      }
      await rejects(client.query(text(70)), /larger than 64 MiB/);
    } finally {
      await endPostgres(client);
    }
  },
);
