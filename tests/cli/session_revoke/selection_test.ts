/** Values of the selection's options, and files: what is wrong never selects anything. */
import { deepStrictEqual, doesNotMatch, match, strictEqual } from "node:assert/strict";
import { join } from "node:path";
import { type AzuOptions, runAzu } from "../../support/cli.ts";
import { whenOf } from "../../../src/cli/selection_options.ts";
import { appWith, handle, someSessions } from "../sessions.ts";

const REVOKE = ["session:revoke", "--force"];

/** Runs a revocation that must be refused with exit code 2, and change nothing. */
async function refused(args: readonly string[], message: RegExp, more: Partial<AzuOptions> = {}) {
  await using app = await appWith(someSessions());
  const options = { ...app.options, ...more };
  const { code, stdout, stderr, decision } = await runAzu([...REVOKE, ...args], options);
  deepStrictEqual([code, stdout, decision], [2, "", ""], stderr);
  match(stderr, message);
  doesNotMatch(stderr, /bug in azu/);
  strictEqual(app.names().length, 5);
  return stderr;
}

const EMPTY = ["", " ", "\t"];
const ALL = [
  "--user",
  "--users-from",
  "--except-user",
  "--older-than",
  "--idle",
  "--created-before",
  "--created-after",
  "--expires-within",
  "--ip",
  "--handle",
  "--handles-from",
];

Deno.test("an option with an empty value is refused, also beside others", async () => {
  for (const option of ALL) {
    for (const value of EMPTY) {
      await refused([option, value], /^error: /);
      await refused(["--live", `${option}=${value}`], /^error: /);
    }
  }
});

for (
  const [args, message] of [
    [["--ip", "300.1.1.1"], /^error: "300\.1\.1\.1" is neither an IP address nor a network such/],
    [["--ip", "10.0.0.0/33"], /^error: "10\.0\.0\.0\/33" is neither/],
    [["--ip", "::1/129"], /is neither/],
    [["--ip", "10.0.0.0/-1"], /is neither/],
    [["--ip", "10.0.0.0/8/8"], /is neither/],
    [["--ip", "fe80::1%eth0"], /is neither/],
    [["--ip", "10.0.0.1", "--ip", "\x1b[2J"], /^error: "\\u001b\[2J" is neither/],
    [
      ["--older-than", "30"],
      /'--older-than <time>' argument '30' is invalid\. Expected a time such/,
    ],
    [["--older-than", "0d"], /is invalid/],
    [["--older-than", "11y"], /is invalid/],
    [["--older-than", "3651d"], /of ten years at most/],
    [["--idle", "-1d"], /is invalid/],
    [["--created-before", "yesterday"], /is invalid\. Expected a time such as "30d", or a date/],
    [["--created-before", "2026-02-30"], /is invalid/],
    [["--created-after", "2026-13-01"], /is invalid/],
    [["--created-after", "2026-01-01T25:00"], /is invalid/],
    [
      ["--created-after", "1h", "--created-before", "2h"],
      /^error: No session can be created after/,
    ],
    [["--user", "1", "--anonymous"], /^error: No session can be selected by both --user and --an/],
    [["--logged-in", "--anonymous"], /by both --logged-in and --anonymous$/m],
    [["--live", "--expired"], /by both --live and --expired$/m],
    [["--expired", "--no-expiry"], /by both --expired and --no-expiry$/m],
    [["--no-expiry", "--expires-within", "1d"], /by both --no-expiry and --expires-within$/m],
    [
      ["--users-from", "no-such-file"],
      /^error: --users-from: cannot read no-such-file: No such file/,
    ],
    [["--users-from", "."], /^error: --users-from: cannot read \.: Is a directory/],
    [["--users-from", "--dry-run"], /cannot read --dry-run: /],
    [
      ["--users-from", "-", "--handles-from", "-"],
      /^error: Only one of --users-from and --handles-/,
    ],
    [["--user", "1", "extra"], /^error: Too many arguments for 'session:revoke'/],
  ] as const
) {
  Deno.test(`refused: ${JSON.stringify(args.join(" "))}`, async () => {
    await refused(args, message);
  });
}

Deno.test("an option does not become the value of one that has lost its own", async () => {
  for (const option of ["--user", "--except-user"]) {
    for (const value of ["--dry-run", "-f", "--", "-"]) {
      await refused([option, value], /is invalid\. Expected a user id/);
    }
  }
  await using app = await appWith(someSessions());
  const { code } = await runAzu([...REVOKE, "--user=-5"], app.options);
  strictEqual(code, 0);
});

Deno.test("what is not a handle is not quoted: it may be a session id", async () => {
  const id = "0b6c1b0e-7a51-4f0f-9d2a-3d6b1c1f2e9a";
  for (const wrong of [id, "ABCDEFGHIJKL", "abcdefghijk1", `${handle("a")} `, "é".repeat(12)]) {
    const stderr = await refused(["--handle", wrong], /^error: --handle: expected a handle, which/);
    strictEqual(stderr.includes(wrong), false);
  }
  const stderr = await refused(
    ["--handles-from", "-"],
    /^error: --handles-from: expected a handle/,
    {
      stdin: `${handle("a")}\n${id}\n`,
    },
  );
  strictEqual(stderr.includes(id), false);
});

for (
  const [what, text, message] of [
    ["an empty file", "", /^error: --users-from: stdin is empty, so it selects nothing$/m],
    ["a file of blank lines", "\n  \r\n\t\n", /stdin is empty/],
    [
      "a file that is not UTF-8",
      new Uint8Array([0x61, 0xff, 0x0a]),
      /cannot read stdin: it is not/,
    ],
    [
      "a file with too many lines",
      Array.from({ length: 100_001 }, (_, index) => `u${index}`).join("\n"),
      /stdin has more than 100000 lines/,
    ],
    [
      "a file that is too large",
      new Uint8Array(16 * 1024 * 1024 + 1),
      /it is larger than 16777216/,
    ],
    ["a file of endless blank lines", "\n".repeat(16 * 1024 * 1024), /stdin is empty/],
  ] as const
) {
  Deno.test(`${what} is refused`, async () => {
    await refused(["--users-from", "-"], message, { stdin: text });
  });
}

Deno.test("a file may have blank lines, carriage returns, a byte order mark and repetitions", async () => {
  await using app = await appWith(someSessions());
  await Deno.writeTextFile(join(app.path, "users"), "\ufeff\n 42 \r\n\r\n9\n9\n");
  const { code, stdout } = await runAzu([...REVOKE, "--users-from", "users"], app.options);
  strictEqual(code, 0);
  match(stdout, /^Revoked 3 session/m);
  deepStrictEqual(app.names(), ["c", "d"]);
});

Deno.test("names of a file and of options are joined, and -C is the folder of the file", async () => {
  await using app = await appWith(someSessions());
  await Deno.writeTextFile(join(app.path, "handles"), handle("c"));
  const args = [...REVOKE, "-C", app.path, "--handles-from", "handles", "--handle", handle("d")];
  const { code } = await runAzu(args, { env: app.options.env });
  deepStrictEqual([code, app.names().join("")], [0, "abe"]);
});

Deno.test("a device without end is given up", async () => {
  await refused(["--users-from", "/dev/zero"], /cannot read \/dev\/zero: it is larger than/);
});

Deno.test("dates: with and without a time and a zone", () => {
  const cases: [string, string | undefined][] = [
    ["2026-11-28", "2026-11-28T00:00:00.000Z"],
    ["2026-11-28T03:00", "2026-11-28T03:00:00.000Z"],
    ["2026-11-28 03:00", "2026-11-28T03:00:00.000Z"],
    ["2026-11-28T03:00:05.25Z", "2026-11-28T03:00:05.250Z"],
    ["2026-11-28T00:30+01:00", "2026-11-27T23:30:00.000Z"],
    ["2024-02-29", "2024-02-29T00:00:00.000Z"],
    ["2023-02-29", undefined],
    ["2026-04-31", undefined],
    ["2026-11-28T24:01", undefined],
    ["2026-11-28Z", undefined],
    ["28.11.2026", undefined],
    ["1764298800", undefined],
    ["", undefined],
  ];
  for (const [text, expected] of cases) {
    const when = whenOf(text);
    const found = when !== undefined && "at" in when ? new Date(when.at).toISOString() : undefined;
    strictEqual(found, expected, text);
  }
  deepStrictEqual(whenOf("90m"), { ago: 5_400_000 });
});
