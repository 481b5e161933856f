/** The conformance suite on Redis in each of its forms, and what the memory backend refuses. */
import { match, rejects, strictEqual } from "node:assert/strict";
import { bindBackend } from "../../../src/backends/registry.ts";
import { runAzu } from "../../support/cli.ts";
import { needs } from "../../support/env.ts";
import { tempDir } from "../../support/temp.ts";
import { conforms } from "../conformance.ts";
import { alone, behindSentinels, cluster } from "./places.ts";
import { context } from "../subject.ts";

/** Prefixes with characters of globs, the protocol and hash tags, and ones that only look alike. */
const hostile = [
  ...["*", "?", "[a-z]", "[^a]:", "[", "]", "\\", "\\*", "a\\", "sess*n:", "a-b^c:"],
  ...["{a}:", "{}", "{", "\0", "\r\n", "$3\r\nfoo\r\n", "\u{1b}[2J", " ", "'\";--"],
  ...["ключ:", "\u{1f511}:", "e\u{301}:", "é:", "\u{202e}:", "\ufeff", "App:Session:"],
  ...["x".repeat(10_000), "*".repeat(1000), "0"],
];

const redis = { needs: needs("redis-server"), hostile };
conforms({ name: "redis, a standalone server", ...redis, start: alone });
conforms({ name: "redis, a cluster", ...redis, start: cluster });
conforms({ name: "redis, behind sentinels", ...redis, start: behindSentinels });

Deno.test("conformance: the memory backend says that clearing is impossible", async () => {
  const backend = bindBackend("memory", {}, context);
  strictEqual(backend.capabilities.clear === true, false);
  await rejects(backend.connect(new AbortController().signal));
  await using app = await tempDir();
  for (const how of [["--force"], ["--dry-run"], ["--force", "--batch", "1", "--truncate"]]) {
    const args = ["session:clear", "--backend", "memory", ...how];
    const { code, stdout } = await runAzu(args, { cwd: app.path });
    strictEqual(code, 3);
    match(stdout, /cannot be cleared remotely\nRestart the application/);
    strictEqual(/✓|Cleared/.test(stdout), false);
    const json = await runAzu([...args, "--json"], { cwd: app.path });
    strictEqual(json.code, 3);
    match(json.stdout, /"outcome": "impossible"[^]*"exitCode": 3/);
  }
});
