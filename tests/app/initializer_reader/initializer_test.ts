import { deepEqual, equal, ok } from "node:assert/strict";
import fc from "fast-check";
import { tokenize } from "../../../src/app/crystal/lexer.ts";
import {
  readInitializer,
  requiresOf,
  type StoreKind,
} from "../../../src/app/initializer_reader/initializer.ts";

/** A wiring as the session shard documents it. */
function wiring(store: string): string {
  return `
require "session"

class UserSession < Session::Base
  property user_id : Int64? = nil
end

Session.configure do |config|
  config.secret = ENV["SESSION_SECRET"]
  config.timeout = 24.hours
  config.store = ${store}
end
`;
}

function storesOf(source: string): readonly StoreKind[] {
  return readInitializer(source).stores;
}

Deno.test("the shard's own stores are told by their names", () => {
  deepEqual(readInitializer(wiring("Session::RedisStore(UserSession).new(client: Redis.new)")), {
    stores: ["redis"],
    clustered: false,
    keyPrefix: "session:",
  });
  deepEqual(
    readInitializer(wiring("Session::ClusteredRedisStore(UserSession).new(\n  client: x)")),
    {
      stores: ["redis"],
      clustered: true,
      keyPrefix: "session:",
    },
  );
  deepEqual(readInitializer(wiring("Session::MemoryStore(UserSession).new")), {
    stores: ["memory"],
    clustered: false,
  });
  deepEqual(readInitializer(wiring("Session::CookieStore(UserSession).new")), {
    stores: ["cookie"],
    clustered: false,
  });
});

Deno.test("every known store has a kind, with or without a namespace", () => {
  const kinds: Record<StoreKind, string> = {
    redis: "RedisStore PooledRedisStore ClusteredRedisStore",
    database: "DatabaseStore SqlStore SQLStore CQLStore CqlStore DBStore DbStore",
    memory: "MemoryStore",
    cookie: "CookieStore",
  };
  for (const [kind, names] of Object.entries(kinds)) {
    for (const name of names.split(" ")) {
      for (const space of ["", "Session::", "::Session::", "App::Sessions::"]) {
        deepEqual(storesOf(wiring(`${space}${name}(UserSession).new`)), [kind]);
        deepEqual(storesOf(`Session.use_store(${space}${name}(T))`), [kind]);
      }
    }
  }
});

Deno.test("every way to use a store is recognized", () => {
  const other = "\n# noise\nSession::MemoryStore(T)\n";
  const ways = [
    "Session.use_store(Session::RedisStore(T))",
    "Session.use_store Session::RedisStore(T)",
    "::Session.use_store(\n  ::Session::RedisStore(T)\n)",
    "c.store = Session::RedisStore(T).with_pool(size: 5)",
    "c.store =\n  RedisStore(T).new",
    "c.store ||= RedisStore(T).new",
    "config.provider = Session::RedisStore(T).provider",
    "Session.config.store = Session::RedisStore(T).new",
    "store = Session::RedisStore(T).new(client: x)\nconfig.store = store",
    "@store = Session::RedisStore(T).new\nconfig.store = @store if x",
    "a = RedisStore(T).new; b = a; Session.configure { |c| c.store = b }",
    "STORE = Session::RedisStore(T).new\nconfig.store = STORE",
    "store = MemoryStore(T).new\nstore = RedisStore(T).new\nc.store = store",
  ];
  for (const way of ways) deepEqual(storesOf(other + way + other), ["redis"], way);
});

Deno.test("an app's own classes and aliases are followed to the shard's", () => {
  const definitions = [
    "class X < Session::RedisStore(UserSession)\nend",
    "class X(T) < Session::RedisStore(T)\nend",
    "module App\n  class X(T, U) < ::Session::RedisStore(Hash(T, U))\n  end\nend",
    "abstract class App::X < RedisStore(T)\nend",
    "alias X = Session::RedisStore(UserSession)",
    "alias A = B\nclass B < C\nend\nclass C < Session::RedisStore(T)\nend\nclass X < A\nend",
    "class X < X\nend\nclass X < Session::RedisStore(T)\nend",
  ];
  for (const definition of definitions) {
    for (
      const use of ["Session.use_store(App::X)", "config.store = X.open", "c.store = X(T).new"]
    ) {
      const source = `Session::MemoryStore\n${definition}\n${use}\n`;
      deepEqual(readInitializer(source), {
        stores: ["redis"],
        clustered: false,
        keyPrefix: "session:",
      }, source);
    }
  }
  ok(readInitializer("class X < Session::ClusteredRedisStore(T)\nend\nc.store = X.new").clustered);
  const renamed =
    "class RedisStore < Session::ClusteredRedisStore(T)\nend\nc.store = RedisStore.new";
  deepEqual(readInitializer(renamed), {
    stores: ["redis"],
    clustered: true,
    keyPrefix: "session:",
  });
});

Deno.test("definitions that go in circles end", () => {
  const circle = "class A < B\nend\nclass B < A\nend\nx = y\ny = x\nalias Z = Z\n";
  deepEqual(storesOf(`${circle}c.store = A.new\nc.store = x\nc.store = Z.new`), []);
  deepEqual(storesOf(`${circle}c.store = A.new\nSession::CookieStore`), ["cookie"]);
});

Deno.test("stores that depend on a condition are all reported", () => {
  const both = ["redis", "memory"];
  const redis = "Session::RedisStore(T).new";
  const memory = "Session::MemoryStore(T).new";
  const conditional = [
    `if prod\n  c.store = ${redis}\nelse\n  c.store = ${memory}\nend`,
    `case ENV["E"]?\nwhen "p"\n  c.store = ${redis}\nelse\n  c.store = ${memory}\nend`,
    `c.store = if prod\n  ${redis}\nelse\n  ${memory}\nend`,
    `c.store = prod ? ${redis} : ${memory}`,
    `if prod\n  s = ${redis}\nelse\n  s = ${memory}\nend\nc.store = s`,
    `s = ${redis}\ns = ${memory} if test\nc.store = s`,
    `s = ${redis}\nunless prod\n  s = ${memory}\nend\nc.store = s`,
    `{% if flag?(:release) %}\nalias S = ${redis}\n{% else %}\nalias S = ${memory}\n{% end %}\nc.store = S`,
  ];
  for (const source of conditional) {
    deepEqual(readInitializer(source), { stores: both, clustered: false }, source);
  }
});

Deno.test("comments, strings and heredocs that name a store do not count", () => {
  const noise = [
    "# config.store = Session::CookieStore(UserSession).new",
    '"config.store = Session::CookieStore(T).new"',
    "'\"'; '#'; %(Session.use_store(CookieStore))",
    '%w(CookieStore) + [:CookieStore, :"CookieStore"]',
    'x = <<-TEXT.strip\n  config.store = CookieStore.new\n  "\n  TEXT',
    'x =~ /"CookieStore#/',
    "`echo CookieStore`",
  ].join("\n");
  deepEqual(storesOf(noise), []);
  deepEqual(storesOf(noise + wiring("Session::RedisStore(T).new") + noise), ["redis"]);
  deepEqual(storesOf(noise + "\nx = Session::MemoryStore"), ["memory"]);
});

Deno.test("without a use all stores that the code names are candidates, in order", () => {
  deepEqual(storesOf(""), []);
  deepEqual(storesOf("Session.configure do |c|\nend"), []);
  deepEqual(storesOf("SessionHandler.new(Session::MemoryStore(T).new)"), ["memory"]);
  deepEqual(storesOf("CookieStore; RedisStore; PooledRedisStore; CookieStore"), [
    "cookie",
    "redis",
  ]);
  deepEqual(storesOf('"#{MemoryStore}"'), ["memory"]);
  deepEqual(storesOf("class RedisStore < Session::Store(X)\nend"), ["redis"]);
  deepEqual(storesOf("c.store = build(1)\ndef build(x)\n  Session::RedisStore(T).new\nend"), [
    "redis",
  ]);
  ok(readInitializer("x = ClusteredRedisStore; RedisStore").clustered);
});

Deno.test("names that only look like a use do not count", () => {
  deepEqual(storesOf("store = MemoryStore.new\nCookieStore"), ["memory", "cookie"]);
  deepEqual(storesOf("c.store == MemoryStore\nCookieStore"), ["memory", "cookie"]);
  deepEqual(storesOf("def use_store(MemoryStore)\nCookieStore"), ["memory", "cookie"]);
  deepEqual(storesOf("c.store = RedisStore::Builder.new\nCookieStore"), ["redis", "cookie"]);
});

Deno.test("a leading :: changes nothing", () => {
  const sources = [
    "Session.use_store(Session::RedisStore(T))",
    "::Session.use_store Session::ClusteredRedisStore(T)",
    "config.store = Session::RedisStore(T).new",
    "config.store =\n  Session::MemoryStore(T).new",
    "store = Session::RedisStore(T).new\nconfig.store = store",
    "alias X = Session::RedisStore(T)\nSession.use_store(X)",
    "c.store = prod ? Session::RedisStore(T).new : Session::MemoryStore(T).new",
    "build(Session::RedisStore(T).new)",
    "x = RedisStore",
    "[RedisStore]",
    subclass('KEY_PREFIX = "a:"'),
    'module App\n  class X(T) < Session::RedisStore(T)\n    def prefixed(key)\n      "a:#{key}"\n' +
    "    end\n  end\nend\nSession.use_store(App::X(T))",
    'class X < Session::Store(T)\n  TABLE = "t"\n  @db : DB::Database\nend\nc.store = X.new',
    "class RedisStore < Session::RedisStore(T)\nend\nc.store = RedisStore.new",
    "class RedisStore < Session::Store(T)\nend\nc.store = RedisStore.new",
  ];
  for (const source of sources) {
    const led = source.replace(/(?<![:\w])(?:Session::|RedisStore(?! <|\.new$))/g, "::$&");
    ok(led !== source, source);
    deepEqual(readInitializer(led), readInitializer(source), led);
  }
});

Deno.test("a custom store on crystal-db is a database", () => {
  const own = (body: string) =>
    `class Sessions < Session::Store(T)\n  ${body}\nend\nSession.use_store(Sessions)\n`;
  deepEqual(readInitializer(own('TABLE = "user_sessions"\n  @db : DB::Database')), {
    stores: ["database"],
    clustered: false,
    table: "user_sessions",
  });
  deepEqual(storesOf(own("DB.open(url)").replace("Session::Store", "Store")), ["database"]);
  deepEqual(storesOf(own('# DB\n  "DB"')), []);
  deepEqual(storesOf(own("DB").replace("Session::Store", "Other::Store")), []);
  deepEqual(storesOf(own("DB").replaceAll("Sessions", "RedisStore")), ["redis"]);
});

function subclass(body: string): string {
  return `class X < Session::RedisStore(T)\n${body}\nend\nSession.use_store(X)\n`;
}

Deno.test("the key prefix is the constant's, when it is a plain literal", () => {
  const prefixOf = (body: string) => readInitializer(subclass(body)).keyPrefix;
  equal(prefixOf('KEY_PREFIX = "app:"'), "app:");
  equal(prefixOf(String.raw`private KEY_PREFIX = "a\u{20}\"\#{b}:" # c`), 'a "#{b}:');
  equal(prefixOf('module Y; KEY_PREFIX = "app:"; end'), "app:");
  equal(prefixOf("KEY_PREFIX = %(app:)"), "app:");
  equal(prefixOf('KEY_PREFIX = "a:"\ndef prefixed(key)\n  "#{KEY_PREFIX}#{key}"\nend'), "a:");
  equal(prefixOf('KEY_PREFIX = "a"\ndef prefixed(key)\n  "#{KEY_PREFIX}:s:#{key}"\nend'), "a:s:");
  const unclear = [
    'ENV["P"]',
    '"#{APP}:"',
    '"a" + b',
    '"a".upcase',
    '"a"\n  .upcase',
    '"a" \\\n  "b"',
    '"a:"\nKEY_PREFIX = "b:"',
    'x ? "a" : "b"',
    "'a'",
    "%w(a)",
  ];
  for (const value of unclear) equal(prefixOf(`KEY_PREFIX = ${value}`), undefined, value);
  equal(prefixOf('# KEY_PREFIX = "a:"\nOTHER_KEY_PREFIX = "b:"\nKEY_PREFIX == "c:"'), "session:");
});

Deno.test("without the constant the key prefix is what the method puts before the key", () => {
  const prefixOf = (method: string) => readInitializer(subclass(method)).keyPrefix;
  equal(prefixOf('private def prefixed(key : String) : String\n"my:s:#{key}"\nend'), "my:s:");
  equal(prefixOf('def prefixed(id = "x")\n  # "a"\n  return "my:#{id.to_s}"\nend'), "my:");
  equal(prefixOf('def prefixed(key); "my:#{key}:v1"; end'), "my:");
  const unclear = [
    '(key)\n  "#{app}:#{key}"',
    '(key)\n  "my:#{tenant}:#{key}"',
    '(key)\n  "my:" + key',
    "(key)\n  key",
    '(key)\n  raise "cart:#{key} is no session" if key.empty?\n  "my:#{key}"',
    '(key)\n  Log.debug { "lookup #{key}" }\n  "my:#{key}"',
    '(key)\n  return "legacy:#{key}" if key.size < 10\n  "my:#{key}"',
    '(key)\n  key.empty? ? "none:#{key}" : "my:#{key}"',
    '(key)\n  prefix = "v1:#{key}"\n  "x" + prefix',
    '(key)\n  "my:#{key}".downcase',
    '(key)\n  "my:#{key.upcase}"',
    "(key)\n  super",
    '\n  "my:#{key}"',
  ];
  for (const method of unclear) {
    equal(prefixOf(`def prefixed${method}\nend\nY = "no:#{key}"`), undefined, method);
  }
  const both = 'def prefixed(k)\n"a:#{k}"\nend\nend\nclass Y\ndef prefixed(k)\n"b:#{k}"\nend';
  equal(prefixOf(both), "a:");
  equal(prefixOf("x.prefixed(1)\ndef prefixed_by(key)\nend"), "session:");
});

Deno.test("the shard's prefix is taken for its own stores alone", () => {
  const prefixOf = (source: string) => readInitializer(source).keyPrefix;
  equal(prefixOf("Session.use_store(RedisStore(T))"), "session:");
  equal(prefixOf("Session::RedisStore"), "session:");
  equal(
    prefixOf("class RedisStore < Session::RedisStore(T)\nend\nc.store = RedisStore.new"),
    "session:",
  );
  equal(prefixOf("class RedisStore < Session::Store(T)\nend\nc.store = RedisStore.new"), undefined);
  equal(prefixOf("Session.use_store(App::RedisStore)"), undefined);
  equal(prefixOf("RedisStore; MemoryStore"), undefined);
  equal(prefixOf('KEY_PREFIX = "a:"; RedisStore'), "session:");
});

Deno.test("a prefix or a table is reported for the store that has one", () => {
  const constants = '  KEY_PREFIX = "a:"\n  TABLE = "t"\n';
  const storeOf = (base: string, body = constants) =>
    readInitializer(`class Mine < ${base}\n${body}\nend\nSession.use_store(Mine)\n`);
  const redis = { stores: ["redis"], clustered: false, keyPrefix: "a:" };
  deepEqual(storeOf("Session::RedisStore(T)"), redis);
  deepEqual(storeOf("SqlStore"), { stores: ["database"], clustered: false, table: "t" });
  deepEqual(storeOf("MemoryStore"), { stores: ["memory"], clustered: false });
  deepEqual(readInitializer(constants), { stores: [], clustered: false });
  equal(storeOf("SqlStore", '  TABLE_NAME = "t"').table, "t");
  equal(storeOf("SqlStore", '  TABLE_NAME = "t"; TABLE = "u"').table, "u");
  for (const value of ['"#{x}"', 'ENV["T"]', '""', ":t"]) {
    equal(storeOf("SqlStore", `  TABLE = ${value}`).table, value === '""' ? "" : undefined);
  }
});

/** What setup writes for an app of several nodes, as far as the reader looks. */
function clusteredApp(settings: string): string {
  return `
require "session"

module MyApp
  class SessionStore < ::Session::RedisStore(UserSession)
    KEY_PREFIX = "my:"

    private def prefixed(key : String) : String
      "#{KEY_PREFIX}#{key}"
    end
  end

  class ClusteredSessionStore < SessionStore
  end
end

Session.use_store(MyApp::ClusteredSessionStore)

Session.configure do |config|
  ${settings}
  config.store = MyApp::ClusteredSessionStore.open
end
`;
}

Deno.test("clustering is recognized by the shard's store and by its setting", () => {
  const of = (settings: string) => readInitializer(clusteredApp(settings)).clustered;
  for (
    const on of [
      "config.cluster.enabled = true",
      "config.cluster.enabled=true",
      "config.cluster.enabled = true if production",
      "config.cluster.enabled =\n    true",
      'config.cluster.enabled = ENV["NODES"]? != "1"',
      "Session.config.cluster.enabled = true",
      "cluster = config.cluster\n  cluster.enabled = true",
      "config.cluster = Session::ClusterConfig.new(enabled: true)",
      "config.cluster = ::Session::ClusterConfig.new(\n    node_id: id(1),\n    enabled: true,\n  )",
    ]
  ) ok(of(on), on);
  for (
    const off of [
      "",
      "# config.cluster.enabled = true",
      '"config.cluster.enabled = true"',
      "config.cluster.enabled = false",
      "config.cluster.enabled == true",
      "config.enabled = true",
      "config.clusters.enabled = true",
      "config.cluster = Session::ClusterConfig.new(enabled: false)",
      "config.cluster = Session::ClusterConfig.new(node_id: id(enabled: true))",
      'config.cluster.channel = "x"',
    ]
  ) equal(of(off), false, off);
  const inherited = "class A < B\nend\nclass B < ::Session::ClusteredRedisStore(T)\nend\n";
  ok(readInitializer(`${inherited}Session.use_store(App::A)`).clustered);
  const enabled = "c.cluster.enabled = true\nc.store = Session::MemoryStore(T).new";
  equal(readInitializer(enabled).clustered, false);
});

Deno.test("the cluster's channel is reported where it is a plain literal", () => {
  const channelOf = (settings: string) =>
    readInitializer(clusteredApp(`config.cluster.enabled = true\n  ${settings}`)).clusterChannel;
  deepEqual(
    readInitializer(clusteredApp(
      'config.cluster.enabled = true\n  config.cluster.channel = "session:cluster:invalidate"',
    )),
    {
      stores: ["redis"],
      clustered: true,
      clusterChannel: "session:cluster:invalidate",
      keyPrefix: "my:",
    },
  );
  equal(channelOf('config.cluster.channel = "a" # b'), "a");
  equal(channelOf(String.raw`config.cluster.channel = "a \"\u{e9}\n\#{b}"`), 'a "é\n#{b}');
  equal(channelOf('x = Session::ClusterConfig.new(channel: "a")'), "a");
  equal(channelOf('x = ClusterConfig.new(enabled: true, channel: "a", node_id: "n")'), "a");
  equal(channelOf('config.cluster.channel = "a"\n  ClusterConfig.new(channel: "a")'), "a");
  const none = ["", '# config.cluster.channel = "a"', 'config.channel = "a"', 'f(channel: "a")'];
  for (const settings of none) equal(channelOf(settings), undefined, settings);
  const unclear = ['ENV["C"]', '"#{app}:a"', '"a" + b', '"a"\n    .upcase', '"a" if x', ":a"];
  for (const value of unclear) {
    equal(channelOf(`config.cluster.channel = ${value}`), null, value);
    equal(channelOf(`ClusterConfig.new(channel: ${value})`), null, value);
  }
  equal(channelOf('config.cluster.channel = "a"\n  config.cluster.channel = "b"'), null);
  const alone = readInitializer(clusteredApp('config.cluster.channel = "a"'));
  deepEqual(alone, { stores: ["redis"], clustered: false, keyPrefix: "my:" });
});

Deno.test("the files that the code requires are listed", () => {
  const source = [
    'require "session"; require "redis"',
    '# require "a"',
    '"require \\"b\\""',
    "<<-X",
    'require "c"',
    "X",
    'x.require "d"',
    'require("e")',
    'require "#{f}"',
    'p require "g"',
    '{% if flag?(:h) %}require "h"{% end %}',
    '  require   "./initializers/**"\r',
    "require",
  ].join("\n");
  deepEqual(requiresOf(source), ["session", "redis", "h", "./initializers/**"]);
  deepEqual(requiresOf(""), []);
});

Deno.test("no text makes the reader throw or stall", () => {
  const piece = fc.constantFrom(
    ..."class X Y < = ( ) :: . , ; \n if else Session use_store store c RedisStore Store DB".split(
      " ",
    ),
    ...". cluster enabled channel : true ClusterConfig new".split(" "),
    ...'KEY_PREFIX TABLE "a" "#{ } def prefixed end require alias ||= MemoryStore # <<-A'.split(
      " ",
    ),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
      const { keyPrefix, table } = readInitializer(pieces.join(" "));
      ok(keyPrefix !== "" && table !== "");
      requiresOf(pieces.join(" "));
    }),
    { numRuns: 1000 },
  );
  const long = Array.from(
    { length: 20_000 },
    (_, n) => `class C${n} < C${n + 1}; end\nc.store = C${n}`,
  );
  const chain = long.join("\n");
  deepEqual(storesOf(`${chain}\nclass C20000 < CookieStore; end`), ["cookie"]);
  const texts = [
    `${chain}\nclass C20000 < CookieStore; end`,
    chain,
    "class X < Y; end;".repeat(5e4) + "c.store = X",
    ...["def prefixed(", "def prefixed(k) ", "class X(", "x = y; ", "KEY_PREFIX = "]
      .map((piece) => piece.repeat(5e4) + "RedisStore"),
    ...["x.cluster.enabled = ", "ClusterConfig.new(", "x.cluster.channel = \n"]
      .map((piece) => piece.repeat(5e4) + "RedisStore"),
  ];
  const timeOf = (read: (text: string) => unknown) => {
    const start = performance.now();
    for (const text of texts) read(text);
    return performance.now() - start;
  };
  // Whatever the machine: a reader that looks at everything again and again takes thousands of times.
  const [reading, splitting] = [timeOf(readInitializer), timeOf(tokenize)];
  ok(reading < 50 * splitting, `${reading} ms, against ${splitting} ms`);
});

Deno.test("constants of other classes are not the store's", () => {
  const user = 'class User\n  TABLE = "users"\n  KEY_PREFIX = "user:"\nend\n';
  const database =
    `${user}class DatabaseStore < Session::Store(S)\n  def size\n    1\n  end\nend\n` +
    "Session.configure { |c| c.store = DatabaseStore.new }\n";
  deepEqual(readInitializer(database), { stores: ["database"], clustered: false });
  const shards = `${user}Session.use_store(Session::RedisStore(S))\n`;
  equal(readInitializer(shards).keyPrefix, "session:");
  const own = `${user}class S < Session::RedisStore(U)\n  private def prefixed(key)\n` +
    '    "mine:#{key}"\n  end\nend\nSession.use_store(S)\n';
  equal(readInitializer(own).keyPrefix, "mine:");
  const outside = 'module App\n  PREFIX = "app:"\n  class S < Session::RedisStore(U)\n' +
    '    def prefixed(key)\n      "#{PREFIX}#{key}"\n    end\n  end\nend\nSession.use_store(App::S)\n';
  equal(readInitializer(outside).keyPrefix, "app:");
  const unformatted = 'class S < Session::RedisStore(U)\ndef a\nend\ndef prefixed(k)\n"a:#{k}"\n' +
    "end\nend\nSession.use_store(S)\n";
  equal(readInitializer(unformatted).keyPrefix, undefined);
});
