/** Layouts in a config: what is refused, and how. */
import { deepStrictEqual } from "node:assert/strict";
import { validateConfig } from "../../src/config/validate.ts";

function problemsOf(backend: "database" | "redis", layout: unknown): readonly string[] {
  const { problems = [] } = validateConfig({ session: { backends: { [backend]: { layout } } } });
  const prefix = `session.backends.${backend}.layout`;
  return problems.map((problem) => problem.startsWith(prefix) ? problem.slice(prefix.length) : "?");
}

const COLUMN_OR_PATH = 'expected the name of a column or { path: "…" }';

const REFUSED: readonly (readonly [unknown, ...string[]])[] = [
  ["sid", ': expected an object, got "sid"'],
  [[], ": expected an object, got an array"],
  [{}, ".id: required"],
  [{ id: "" }, '.id: expected the name of a column, got ""'],
  [{ id: { path: "id" } }, ".id: expected the name of a column, got an object"],
  [{ id: "id", usr: "u" }, ".usr: unknown key; did you mean user?"],
  [{ id: "id", user: 1 }, `.user: ${COLUMN_OR_PATH}, got 1`],
  [{ id: "id", ip: "a\0" }, `.ip: ${COLUMN_OR_PATH}, got "a\\u0000"`],
  [
    { id: "id", user: { pth: "a" } },
    ".user.path: required",
    ".user.pth: unknown key; did you mean path?",
  ],
  [
    { id: "id", user: { path: "a..b" }, payload: "p" },
    '.user.path: expected a path such as "passport.user", got "a..b"',
  ],
  [{ id: "id", createdAt: { column: "c" } }, ".createdAt.unit: required"],
  [
    { id: "id", visitedAt: { column: "c", unit: "minutes" } },
    '.visitedAt.unit: expected "seconds" or "milliseconds", got "minutes"',
  ],
  [
    { id: "id", expiresAt: { path: "cookie.expires" }, payload: "p" },
    ".expiresAt.column: required",
    ".expiresAt.unit: required",
    ".expiresAt.path: unknown key; known here: column, unit",
  ],
  [
    { id: "id", expiresAt: { after: "visitedAt", lifetime: 120 }, visitedAt: "v" },
    '.expiresAt.lifetime: expected a duration such as "24h", got 120',
  ],
  [
    { id: "id", expiresAt: { after: "user", lifetime: "1h" } },
    '.expiresAt.after: expected "createdAt" or "visitedAt", got "user"',
  ],
  [
    { id: "id", payload: { column: "p", packed: "php" } },
    '.payload.packed: expected "json", "gzip", "sealed" or "opaque", got "php"',
  ],
  [
    { id: "id", user: { path: "a" } },
    ": expected payload, because user is in it, got none",
  ],
  [
    { id: "id", ip: { path: "a" }, payload: { column: "p", packed: "opaque" } },
    ": expected ip in a column, because the payload is opaque, got a path",
  ],
  [
    { id: "id", expiresAt: { after: "visitedAt", lifetime: "1h" } },
    ": expected a column for visitedAt, because expiresAt is counted from it, got none",
  ],
  [
    {
      id: "id",
      payload: "p",
      createdAt: { path: "at" },
      expiresAt: { after: "createdAt", lifetime: "1h" },
    },
    ": expected a column for createdAt, because expiresAt is counted from it, got a path",
  ],
];

Deno.test("a wrong layout of a database is refused, and the key named", () => {
  for (const [layout, ...problems] of REFUSED) {
    deepStrictEqual(problemsOf("database", layout), problems);
  }
});

Deno.test("a wrong layout of Redis is refused, and the key named", () => {
  const refused: readonly (readonly [unknown, ...string[]])[] = [
    [{ user: "user_id" }, '.user: expected { path: "…" }, got "user_id"'],
    [{ id: "id" }, ".id: unknown key; did you mean ip?"],
    [
      { expiresAt: { path: "cookie.expires" } },
      ".expiresAt: unknown key; known here: user, createdAt, visitedAt, ip, userAgent, packed",
    ],
    [{ packed: "zip" }, '.packed: expected "json", "gzip", "sealed" or "opaque", got "zip"'],
    [
      { user: { path: "a" }, packed: "opaque" },
      ": expected no user, because the values are opaque, got a path",
    ],
  ];
  for (const [layout, ...problems] of refused) {
    deepStrictEqual(problemsOf("redis", layout), problems);
  }
});

Deno.test("every form of a layout is accepted", () => {
  const accepted = [
    { id: "id" },
    {
      id: "id",
      user: "u",
      createdAt: "c",
      visitedAt: "v",
      expiresAt: "e",
      ip: "i",
      userAgent: "a",
    },
    {
      id: "id",
      payload: { column: "p" },
      user: { path: "a.b.c" },
      ip: { path: "ip" },
      createdAt: { path: "at" },
      visitedAt: { column: "v", unit: "milliseconds" },
      expiresAt: { after: "visitedAt", lifetime: "120m" },
    },
    {
      id: "id",
      expiresAt: { column: "e", unit: "seconds" },
      payload: { column: "p", packed: "opaque" },
    },
  ];
  for (const layout of accepted) deepStrictEqual(problemsOf("database", layout), []);
  for (const layout of [{}, { packed: "opaque" }, { user: { path: "u" }, packed: "json" }]) {
    deepStrictEqual(problemsOf("redis", layout), []);
  }
});
