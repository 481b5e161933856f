/** Database URLs: read as the app's driver reads them, or refused without repeating any part. */
import { deepStrictEqual, doesNotMatch, match, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import { parseMysqlUrl } from "../../../src/backends/mysql/url.ts";
import { parsePostgresUrl } from "../../../src/backends/postgres/url.ts";
import { databaseUrlProblem } from "../../../src/backends/sql/backend.ts";
import { sqlitePath } from "../../../src/backends/sqlite/url.ts";

/** The parts of a valid URL that are not the default. */
function read(url: string) {
  strictEqual(databaseUrlProblem(url), undefined, url);
  if (url.startsWith("sqlite")) return sqlitePath(url, "/app");
  const { address: _, ...parts } = url.startsWith("mysql")
    ? parseMysqlUrl(url)
    : parsePostgresUrl(url);
  const defaults = ["", undefined, 5432, 3306, "prefer", "preferred"];
  return Object.fromEntries(
    Object.entries(parts).filter(([, value]) => !defaults.includes(value)),
  );
}

const right: [url: string, parts: unknown][] = [
  ["postgres://u:p@h/d", { host: "h", user: "u", password: "p", database: "d" }],
  ["postgresql://u@h:7/d", { host: "h", port: 7, user: "u", database: "d" }],
  ["postgres://u@[::1]:7/d", { host: "::1", port: 7, user: "u", database: "d" }],
  ["postgres://u%40x:%3F%23%2F%3A%2B@h/d", {
    host: "h",
    user: "u@x",
    password: "?#/:+",
    database: "d",
  }],
  ["postgres://u@h/d?sslmode=verify-full&sslrootcert=ca.pem", {
    host: "h",
    user: "u",
    database: "d",
    sslMode: "verify-full",
    sslRootCert: "ca.pem",
  }],
  ["postgres://u@h/d?max_pool_size=9&application_name=x", { host: "h", user: "u", database: "d" }],
  ["postgres://u:p@/d?host=/run/postgresql", {
    host: "/run/postgresql",
    user: "u",
    password: "p",
    database: "d",
  }],
  ["postgres://u@/d?host=/run/pg/.s.PGSQL.5433", {
    host: "/run/pg",
    port: 5433,
    user: "u",
    database: "d",
  }],
  ["mysql://u:p@h/d", { host: "h", user: "u", password: "p", database: "d" }],
  ["mysql://u@h:7/shop?database=other", { host: "h", port: 7, user: "u", database: "other" }],
  ["mysql://u:p@/run/m.sock?database=shop", {
    socket: "/run/m.sock",
    user: "u",
    password: "p",
    database: "shop",
  }],
  ["mysql://u@h/d?ssl-mode=VerifyIdentity", {
    host: "h",
    user: "u",
    database: "d",
    sslMode: "verify-identity",
  }],
  ["mysql://u@h/d?ssl-mode=VERIFY_CA&encoding=utf8mb4", {
    host: "h",
    user: "u",
    database: "d",
    sslMode: "verify-ca",
  }],
  ["sqlite3://./db/app.db", "/app/db/app.db"],
  ["sqlite3:///srv/app.db", "/srv/app.db"],
  ["sqlite3:./app.db", "/app/app.db"],
  ["sqlite3:/srv/app.db", "/srv/app.db"],
  ["sqlite3://./my+db%2B.db?busy_timeout=5000&journal_mode=wal", "/app/my db+.db"],
  ["sqlite3://db.sqlite", "/app/db.sqlite"],
];
for (const [url, parts] of right) {
  Deno.test(`read: ${url}`, () => deepStrictEqual(read(url), parts));
}

const ENCODE = /write # \/ \? @ : \+ in a user or password as %23/;

const wrong: [url: string, problem: RegExp][] = [
  // What .env leaves of postgres://app:Hunter#two@h/shop without quotes.
  ["postgres://app:Hunter", /got a port that is not a number/],
  ["postgres://app:Hunter", ENCODE],
  ["mysql://app:Hunter", ENCODE],
  ["postgres://app:Hunter/two@h/shop", ENCODE],
  ["postgres://app:12?Hunter@h/shop", ENCODE],
  ["postgres://app:12#Hunter@h/shop", ENCODE],
  ["postgres://app:Hunter@two@h/shop", ENCODE],
  ["postgres://app:Hunter:two@h/shop", ENCODE],
  ["postgres://app:Hunter+two@h/shop", ENCODE],
  ["mysql://app:Hunter%zz@h/shop", /got a "%" that encodes nothing/],
  ["Hunter", /^expected postgres:/],
  ["jdbc:postgresql://u:Hunter@h/d", /^expected postgres:/],
  ["postgres://u:Hunter@h:99999/d", /got a port that is not between 1 and 65535$/],
  ["postgres://u:Hunter@::1/d", /got an IPv6 address without brackets/],
  ["postgres://u:Hunter@h1,h2/d", /got several hosts$/],
  ["postgres://u:Hunter@/d?host=h1,h2", /a parameter host that is neither one host nor a socket$/],
  ["postgres://u:Hunter@/d", /without a host; for a Unix socket/],
  ["postgres://h/d", /without a user$/],
  ["postgres://u:Hunter@h", /without a database$/],
  ["postgres://u:Hunter@h/my%20db", /which the app does not decode$/],
  ["postgres://u@h/d?host=other", /got a host, and another one as a parameter$/],
  ["postgres://u@h/d?options=-c%20search_path=web", /"options".*"<schema>\.<table>"$/],
  ["postgres://u@h/d?currentSchema=web", /"currentSchema".*"<schema>\.<table>"$/],
  ["postgres://u@h/?dbname=shop", /"dbname".*write the database behind the host$/],
  ["postgres://u@h/d?ssl=true", /"ssl".*use sslmode$/],
  ["postgres://u@h/d?sslmod=verify-full", /"sslmod".*did you mean sslmode\?$/],
  ["postgres://u@h/d?SSLMODE=require", /"SSLMODE".*did you mean sslmode\?$/],
  ["postgres://u@h/d?channel_binding=require", /"channel_binding", which the app does not read/],
  ["postgres://u@h/d?target_session_attrs=any", /"target_session_attrs", which the app/],
  ["postgres://u@h/d?gssencmode=require", /"gssencmode", which the app does not read/],
  ["postgres://u@h/d?auth_methods=md5", /"auth_methods", which/],
  ["postgres://u@h/d?port=abc", /"port".*write the port behind the host$/],
  ["postgres://h:1/d?port=55432&user=u", /"port"/],
  ["postgres://h/d?user=u", /"user".*write the user before the host$/],
  ["postgres://u@h/d?password=Hunter", /"password".*write the password before the host$/],
  ["postgres://u@h/d?sslmode=disable&sslmode=require", /the parameter "sslmode" twice$/],
  ["postgres://u@h/d?sslmode=Hunter", /^expected sslmode to be disable, allow, prefer/],
  ["postgres://u@h/d?sslrootcert=system", /^expected sslrootcert to be a file, got system/],
  ["mysql://u@h/d?sslmode=required", /"sslmode".*use ssl-mode$/],
  ["mysql://u@h/d?ssl_mode=required", /"ssl_mode".*use ssl-mode$/],
  ["mysql://u@h/d?tls=true", /"tls".*use ssl-mode$/],
  ["mysql://u@h/d?sslaccept=strict", /"sslaccept".*use ssl-mode$/],
  ["mysql://u@h/d?socket=/run/m.sock", /"socket".*write mysql:\/\/.*\?database=<database>$/],
  ["mysql://u@h/d?serverTimezone=UTC", /"serverTimezone", which the app does not read/],
  ["mysql://u@h/a/b", /write it as \?database=<name>$/],
  ["mysql://u:Hunter@h", /without a database$/],
  ["mysql://u:Hunter@", /without a host$/],
  ["mysql://u:Hunter@/run/m.sock", /without a database$/],
  ["sqlite://u:Hunter@ry@/nope/x.db", /got a user, password or port, which a file does not have$/],
  ["sqlite3://h:80/x.db", /got a user, password or port/],
  ["sqlite3://./a#b.db", /got a "#"/],
  ["sqlite3://./a%zz.db", /got a "%" that encodes nothing/],
  ["sqlite3://./a.db?mode=ro", /"mode", which the app does not read/],
  ["sqlite3://./a.db?vfs=unix-none", /"vfs", which the app does not read/],
  ["sqlite3://", /got no file$/],
  ["sqlite3:%3Amemory%3A", /a database in memory/],
];
for (const [url, problem] of wrong) {
  Deno.test(`refused: ${url}`, () => {
    const said = databaseUrlProblem(url) ?? "nothing";
    match(said, problem);
    doesNotMatch(said, /Hunter|two/);
  });
}

Deno.test("addresses show no password", () => {
  const postgres = "postgres://u%3A:Hunter@h:1/d?sslmode=require&sslkey=Hunter";
  strictEqual(parsePostgresUrl(postgres).address, "postgres://u%3A:***@h:1/d?sslmode=require");
  const mysql = "mysql://u:Hunter@/run/m.sock?database=shop";
  strictEqual(parseMysqlUrl(mysql).address, "mysql://u:***@/run/m.sock?database=shop");
});

Deno.test("property: any text survives percent-encoding", () => {
  const texts = fc.string({ unit: "grapheme", minLength: 1 }).filter((text) => text.isWellFormed());
  fc.assert(
    fc.property(texts, texts, (user, password) => {
      const login = `${encodeURIComponent(user)}:${encodeURIComponent(password)}`;
      for (const parse of [parsePostgresUrl, parseMysqlUrl]) {
        const scheme = parse === parsePostgresUrl ? "postgres" : "mysql";
        const { user: asUser, password: asPassword } = parse(`${scheme}://${login}@h/d`);
        deepStrictEqual([asUser, asPassword], [user, password]);
      }
    }),
  );
});

Deno.test("property: no part of a URL is repeated, and none causes an exception", () => {
  const start = fc.constantFrom("postgres://", "mysql://u@", "sqlite3://", "sqlite:");
  const parts = fc.constantFrom(...":// : @ / , [ ] %zz %41 ? & = # + QQQ 1 é".split(" "));
  fc.assert(
    fc.property(start, fc.array(parts, { maxLength: 7 }), (start, words) => {
      const said = databaseUrlProblem(start + words.join(""));
      // A parameter's name is repeated, because it is not a part of a password there.
      doesNotMatch((said ?? "").replace(/the parameter "\w+"/, ""), /QQQ|é/);
    }),
    { numRuns: 3000 },
  );
});
