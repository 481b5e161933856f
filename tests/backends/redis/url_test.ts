/** Redis URLs: every valid form, and what is reported for others. */
import { deepStrictEqual, match, strictEqual, throws } from "node:assert/strict";
import fc from "fast-check";
import { nameOf, parseRedisUrl } from "../../../src/backends/redis/url.ts";
import { problemIn, UrlProblem } from "../../../src/core/connection_url.ts";

/** The parts of a valid URL that are not the default. */
function read(url: string) {
  strictEqual(problemIn(parseRedisUrl, url), undefined, url);
  const { nodes, username, password, database, tls, sentinelMaster } = parseRedisUrl(url);
  return {
    nodes: nodes.map(nameOf).join(" "),
    ...(username === "" ? {} : { username }),
    ...(password === "" ? {} : { password }),
    ...(database === 0 ? {} : { database }),
    ...(tls ? { tls } : {}),
    ...(sentinelMaster === undefined ? {} : { sentinelMaster }),
  };
}

const right: [url: string, parts: ReturnType<typeof read>][] = [
  ["redis://", { nodes: "localhost:6379" }],
  ["redis://host", { nodes: "host:6379" }],
  ["REDIS://host:7000/", { nodes: "host:7000" }],
  ["rediss://host", { nodes: "host:6379", tls: true }],
  ["redis://:pw@host:7000/2", { nodes: "host:7000", password: "pw", database: 2 }],
  ["redis://user:pw@host/15", {
    nodes: "host:6379",
    username: "user",
    password: "pw",
    database: 15,
  }],
  ["redis://127.0.0.1:7000", { nodes: "127.0.0.1:7000" }],
  ["redis://[::1]", { nodes: "[::1]:6379" }],
  ["redis://:pw@[fe80::1:2]:7000/1", { nodes: "[fe80::1:2]:7000", password: "pw", database: 1 }],
  ["redis://:p%40ss%2Fw%3Ard@host", { nodes: "host:6379", password: "p@ss/w:rd" }],
  ["redis://us%C3%A9r:%25@host", { nodes: "host:6379", username: "usér", password: "%" }],
  ["redis+sentinel://a/main", { nodes: "a:26379", sentinelMaster: "main" }],
  ["redis+sentinel://a:1,b,[::1]:3/main/4", {
    nodes: "a:1 b:26379 [::1]:3",
    sentinelMaster: "main",
    database: 4,
  }],
  ["rediss+sentinel://user:p%2Cw@a,b:2/my%20main", {
    nodes: "a:26379 b:2",
    sentinelMaster: "my main",
    username: "user",
    password: "p,w",
    tls: true,
  }],
];
for (const [url, parts] of right) {
  Deno.test(`read: ${url}`, () => deepStrictEqual(read(url), parts));
}

const wrong: [url: string, problem: RegExp][] = [
  ["", /^expected redis:\/\/.*does not begin so$/],
  ["host:6379", /^expected redis:\/\//],
  ["http://host", /got a URL that begins with http:\/\/$/],
  ["redis:host", /^expected redis:\/\//],
  [" redis://host", /^expected redis:\/\//],
  ["redis://host:99999", /got a port that is not between 1 and 65535$/],
  ["redis://host:0", /got a port that is not between 1 and 65535$/],
  [
    "redis://host:hunter",
    /got a port that is not a number; write # \/ \? @ : \+ in a user or password/,
  ],
  ["redis://:6380", /got a port without a host/],
  ["redis://hunter%20two", /host names do not have/],
  ["redis://ho st", /got a blank or control character/],
  ["redis://host\n", /got a blank or control character/],
  ["redis://[::1", /host names do not have|invalid IPv6/],
  ["redis://::1", /got an IPv6 address without brackets; write \[::1\]$/],
  ["redis://fe80::1:6379/1", /got an IPv6 address without brackets/],
  ["redis://:hunter%zz@host", /got a "%" that encodes nothing; write it as %25$/],
  // Crystal takes these for other users, passwords or hosts.
  ["redis://:hunter@two@host", /got a ":", "@" or "\+" in the user or password; write/],
  ["redis://:hunter:two@host", /got a ":", "@" or "\+" in the user or password; write/],
  ["redis://:hunter+two@host", /got a ":", "@" or "\+" in the user or password; write/],
  ["redis://:12/hunter@host", /got an "@" behind the host; write/],
  ["redis://:12?hunter@host", /got an "@" behind the host; write/],
  ["redis://:hunter#two@host", /got a "#", at which a URL ends; write/],
  ["redis://:hunter2@", /got a password without a host$/],
  ["rediss://u:hunter2@/1", /got a password without a host$/],
  ["redis://hunter2@host", /got a user \(or a misplaced password\) without a password$/],
  [
    "redis://host?db=1",
    /got the parameter "db", which the app does not read; these URLs have none$/,
  ],
  ["redis://host?hunter 2", /blank/],
  ["redis://host?hun.ter*2", /got a parameter, which the app does not read/],
  ["redis://host/#1", /got a "#"/],
  ["redis://host/hunter", /got a database that is not a number$/],
  ["redis://host/-1", /not a number$/],
  ["redis://host/999999", /not a number$/],
  ["redis://host/1/2", /not a number$/],
  ["redis://a,,b", /a list of hosts with one that has no name$/],
  ["redis://a,", /a list of hosts with one that has no name$/],
  ["redis+sentinel://a,b", /^expected redis\+sentinel:.*got no name of a master/],
  ["redis+sentinel://a/", /got no name of a master/],
  ["redis+sentinel://a/main/x", /got no name of a master/],
  ["redis+sentinel://a/ma%zzin", /got a "%" that encodes nothing/],
  ["redis+sentinel://a/main?sentinelUsername=u", /got a sentinelUsername without a password$/],
  ["redis+sentinel://a/main?sentinelPasword=hunter", /did you mean sentinelPassword\?$/],
  ["redis+sentinel://,b/main", /a list of hosts with one that has no name$/],
];
for (const [url, problem] of wrong) {
  Deno.test(`refused: ${JSON.stringify(url)}`, () => {
    const said = problemIn(parseRedisUrl, url);
    match(said ?? "nothing", problem);
    strictEqual(/hunter/.test(said ?? ""), false, said);
  });
}

Deno.test("parseRedisUrl throws for a text that is not a Redis URL", () => {
  throws(() => parseRedisUrl("http://host"), UrlProblem);
});

Deno.test("the address shows the hosts but no password", () => {
  strictEqual(parseRedisUrl("redis://u:hunter2@h:7/1").address, "redis://u:***@h:7/1");
  const { address } = parseRedisUrl("redis+sentinel://u:hunter2@a:1,b:2/main");
  strictEqual(address, "redis+sentinel://u:***@a:1,b:2/main");
  const login = "redis+sentinel://a/main?sentinelUsername=watch&sentinelPassword=hunter2";
  const { address: plain, sentinelLogin } = parseRedisUrl(login);
  strictEqual(plain, "redis+sentinel://a/main");
  deepStrictEqual(sentinelLogin, { username: "watch", password: "hunter2" });
});

Deno.test("property: any text survives percent-encoding", () => {
  const texts = fc.string({ unit: "grapheme", minLength: 1 }).filter((text) => text.isWellFormed());
  const hosts = fc.array(fc.constantFrom("a", "b.example", "10.0.0.1", "[2001:db8::1]"), {
    minLength: 1,
    maxLength: 4,
  });
  fc.assert(
    fc.property(texts, texts, texts, hosts, fc.nat(99), (user, pass, main, names, number) => {
      const credentials = `${encodeURIComponent(user)}:${encodeURIComponent(pass)}`;
      const list = names.map((name, index) => `${name}:${7000 + index}`);
      const url = `redis+sentinel://${credentials}@${list}/${encodeURIComponent(main)}/${number}`;
      deepStrictEqual(read(url), {
        nodes: list.join(" "),
        username: user,
        password: pass,
        ...(number === 0 ? {} : { database: number }),
        sentinelMaster: main,
      });
    }),
  );
});

Deno.test("property: every text is either refused or parsed, without an exception", () => {
  const start = fc.constantFrom("redis://", "rediss://h", "redis+sentinel://h/", "redis:");
  const parts = fc.constantFrom(...":// : @ / , [ ] %zz %41 ? # h 1 é".split(" "));
  const words = fc.array(parts, { maxLength: 6 });
  fc.assert(
    fc.property(start, words, (start, words) => {
      const url = start + words.join("");
      if (problemIn(parseRedisUrl, url) === undefined) parseRedisUrl(url);
    }),
    { numRuns: 3000 },
  );
});
