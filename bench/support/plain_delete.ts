/**
 * The program that azu is compared with: one DELETE by the index on user_id.
 * `plain_delete <url> <user>` prints how many sessions it removed.
 */
// @ts-types="@types/pg"
import pg from "pg";

const [url = "", user = ""] = Deno.args;
const client = new pg.Client({ connectionString: url });
await client.connect();
const { rowCount } = await client.query("DELETE FROM sessions WHERE user_id = $1", [user]);
await client.end();
await Deno.stdout.write(new TextEncoder().encode(`${rowCount}\n`));
