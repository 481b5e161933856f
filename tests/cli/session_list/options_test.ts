/** Options that are wrong, or do not go together: refused before anything is read. */
import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { runAzu } from "../../support/cli.ts";
import { appWith, session } from "../sessions.ts";

for (
  const [args, message] of [
    [
      ["--limit", "0"],
      /'--limit <n>' argument '0' is invalid\. Expected a whole number from 1, or/,
    ],
    [["--limit", ""], /'--limit <n>' argument '' is invalid/],
    [["--limit", "-5"], /'--limit <n>' argument '-5' is invalid/],
    [
      ["--sort", "agent"],
      /argument 'agent' is invalid\. Expected created, visited, expires, size, u/,
    ],
    [["--sort", "handle"], /is invalid/],
    [
      ["--sort", "size", "--limit", "all"],
      /^error: --sort needs a limit, because the sessions are/,
    ],
    [["--sort", "size", "--limit", "100001"], /^error: The largest limit with --sort is 100000$/m],
    [["--json", "--limit", "10001"], /^error: The largest limit of one JSON document is 10000$/m],
    [
      ["--format", "xml"],
      /argument 'xml' is invalid\. Expected table, json, ndjson, csv, handles\./,
    ],
    [["--json", "--format", "csv"], /^error: --json and --format csv contradict each other$/m],
    [["--json", "--format", "table"], /^error: --json and --format table contradict each other$/m],
    [["--fields", "handle,id"], /argument 'handle,id' is invalid\. Expected some of handle,user,/],
    [["--fields", ""], /is invalid/],
    [["--fields", "user,user"], /is invalid/],
    [["--fields", "id,user,user"], /is invalid/],
    [["--format", "handles", "--fields", "user"], /^error: --format handles shows handles only/],
    [["--count", "--limit", "5"], /^error: --count counts all sessions, so it takes no --limit$/m],
    [["--count", "--sort", "size"], /so it takes no --sort$/m],
    [["--count", "--fields", "user"], /so it takes no --fields$/m],
    [
      ["--count", "--format", "csv"],
      /^error: --count shows a number, so it takes no --format csv$/m,
    ],
    [["--batch", "0"], /'--batch <n>' argument '0' is invalid/],
    [["42"], /^error: Too many arguments for 'session:list'/],
    [["--force"], /^error: Unknown option '--force'/],
  ] as const
) {
  Deno.test(`session:list ${args.join(" ")} is refused`, async () => {
    const { code, stdout, stderr, decision } = await runAzu(["session:list", ...args]);
    strictEqual(code, 2, stderr);
    match(stderr, message);
    strictEqual(decision, "");
    if (args.includes("--json" as never)) deepStrictEqual(JSON.parse(stdout).exitCode, 2);
    else strictEqual(stdout, "");
  });
}

Deno.test("--format json reports errors as JSON, too", async () => {
  const { code, stdout } = await runAzu(["session:list", "--format", "json", "-C", "/none"]);
  strictEqual(code, 2);
  match(JSON.parse(stdout).error.message, /^Cannot work in \/none/);
});

Deno.test("--json takes what fits into a document, and says so otherwise", async () => {
  const many = Array.from({ length: 10_001 }, (_, index) => session(`s${index}`));
  await using app = await appWith(many);
  const args = ["session:list", "--json", "--limit"];
  const all = await runAzu([...args, "all"], app.options);
  strictEqual(all.code, 1);
  const failed = JSON.parse(all.stdout);
  deepStrictEqual([failed.outcome, failed.exitCode, failed.sessions, failed.more], [
    "failed",
    1,
    [],
    true,
  ]);
  match(failed.error.message, /^There are more than 10000 sessions/);
  match(failed.error.hint, /ndjson/);
  const most = JSON.parse((await runAzu([...args, "10000"], app.options)).stdout);
  deepStrictEqual([most.outcome, most.sessions.length, most.more], ["listed", 10_000, true]);
  app.run("DELETE FROM sessions WHERE session_id LIKE '%-s0'");
  const few = JSON.parse((await runAzu([...args, "all"], app.options)).stdout);
  deepStrictEqual([few.outcome, few.sessions.length, few.more], ["listed", 10_000, false]);
});
