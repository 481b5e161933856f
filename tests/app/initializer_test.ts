import { deepEqual, equal, ok } from "node:assert/strict";
import fc from "fast-check";
import { codeOf } from "../../src/app/crystal/code.ts";
import { readInitializer } from "../../src/app/initializer.ts";
import { statedFor, type StoreKind } from "../../src/app/stated_store.ts";
import { ownTemplates } from "../../src/app/crystal_templates.ts";
import {
  type EnvironmentSettings,
  renderInitializer,
  type StoreSettings,
} from "../../src/app/render_templates.ts";
import { fromEnv } from "../../src/core/from_env.ts";
import { COOKIE, NO_RECORD } from "./settings.ts";

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

function read(source: string) {
  const { environments, otherwise } = readInitializer(source);
  equal(environments.size, 0);
  return otherwise;
}

function kindsIn(source: string): readonly StoreKind[] | undefined {
  return read(source).kinds;
}

Deno.test("the shard's own stores are told by their names", () => {
  const redis = { kinds: ["redis"], clustered: false, keyPrefix: "session:" };
  deepEqual(read(wiring("Session::RedisStore(UserSession).new(client: Redis.new)")), redis);
  deepEqual(
    read(wiring("Session::ClusteredRedisStore(UserSession).new(\n  client: x)")),
    { ...redis, clustered: true },
  );
  deepEqual(read(wiring("Session::MemoryStore(UserSession).new")), {
    kinds: ["memory"],
    clustered: false,
  });
  deepEqual(read(wiring("Session::CookieStore(UserSession).new")), {
    kinds: ["cookie"],
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
        deepEqual(kindsIn(wiring(`${space}${name}(UserSession).new`)), [kind]);
        deepEqual(kindsIn(`Session.use_store(${space}${name}(T))`), [kind]);
      }
    }
  }
});

Deno.test("a store counts however it is used", () => {
  const ways = [
    "Session.use_store Session::RedisStore(T)",
    "::Session.use_store(\n  ::Session::RedisStore(T)\n)",
    "c.store = Session::RedisStore(T).with_pool(size: 5)",
    "c.store =\n  RedisStore(T).new",
    "c.store ||= RedisStore(T).new",
    "store = Session::RedisStore(T).new(client: x)\nconfig.store = store",
    "class X(T) < Session::RedisStore(T)\nend\nSession.use_store(X)",
    "alias X = Session::RedisStore(UserSession)\nconfig.store = X.new",
  ];
  for (const way of ways) {
    deepEqual(read(way), { kinds: ["redis"], clustered: false, keyPrefix: "session:" }, way);
  }
  deepEqual(kindsIn(""), []);
  deepEqual(kindsIn("Session.configure do |c|\nend"), []);
});

Deno.test("a source that cannot be read says at least whether its nodes may have caches", () => {
  deepEqual(read("class_getter session_stores : SessionStores do\n  nil\nend\n"), {
    kinds: [],
    clustered: false,
  });
  const choice = "  class_getter session_stores : SessionStores do\n    odd\n  end\n";
  deepEqual(read(choice), { kinds: undefined, clustered: false });
  deepEqual(read(`${choice}# Clustered\n`), { kinds: undefined, clustered: false, channel: null });
});

Deno.test("line ends of Windows change nothing", () => {
  const source = wiring("Session::RedisStore(T).new");
  deepEqual(read(source.replaceAll("\n", "\r\n")), read(source));
});

Deno.test("several stores are not certain, whatever chooses between them", () => {
  const redis = "Session::RedisStore(T).new";
  const memory = "Session::MemoryStore(T).new";
  const sources = [
    `if prod\n  c.store = ${redis}\nelse\n  c.store = ${memory}\nend`,
    `case ENV["E"]?\nwhen "p"\n  c.store = ${redis}\nelse\n  c.store = ${memory}\nend`,
    `c.store = prod ? ${redis} : ${memory}`,
    `{% if flag?(:release) %}\nalias S = ${redis}\n{% else %}\nalias S = ${memory}\n{% end %}\nc.store = S`,
  ];
  for (const source of sources) deepEqual(kindsIn(source), ["redis", "memory"], source);
});

Deno.test("comments, strings and heredocs that name a store do not count", () => {
  const noise = [
    "# config.store = Session::CookieStore(UserSession).new",
    '"config.store = Session::CookieStore(T).new"',
    "'\"'; '#'; %(Session.use_store(CookieStore))",
    '%w(CookieStore) + [:CookieStore, :"CookieStore"]'.replace(":CookieStore, ", ""),
    'x = <<-TEXT.strip\n  config.store = CookieStore.new\n  "\n  TEXT',
    'x =~ /"CookieStore#/',
    "`echo CookieStore`",
    'puts "#{"CookieStore"}"',
  ].join("\n");
  deepEqual(kindsIn(noise), []);
  deepEqual(kindsIn(noise + wiring("Session::RedisStore(T).new") + noise), ["redis"]);
});

Deno.test("a source whose end is inside a literal is not certain", () => {
  for (const end of ['x = "', "x = %(", "x = <<-A\n", "x = '", 'x = "#{', "x = /a"]) {
    equal(kindsIn(wiring("Session::RedisStore(T).new") + end), undefined, end);
  }
});

Deno.test("a custom store on crystal-db is a database, and its table is that of its class", () => {
  const own = (body: string, base = "Session::Store(T)") =>
    `class Sessions < ${base}\n  ${body}\nend\nSession.use_store(Sessions)\n`;
  deepEqual(read(own('TABLE = "user_sessions"\n  @db : DB::Database')), {
    kinds: ["database"],
    clustered: false,
    table: "user_sessions",
  });
  deepEqual(kindsIn(own("DB.open(url)", "Store(T)")), ["database"]);
  deepEqual(kindsIn(own('# DB\n  "DB"')), []);
  deepEqual(kindsIn(own("DB", "Other::Store(T)")), []);
  const tableOf = (line: string) => read(own(`@db : DB::Database\n  ${line}`)).table;
  equal(tableOf('TABLE_NAME = "t"'), "t");
  const unclear = ['"#{x}"', 'ENV["T"]', ":t", '"a" + b', '"a"\n    .upcase', "%(a)"];
  for (const value of unclear) equal(tableOf(`TABLE = ${value}`), undefined, value);
  equal(tableOf('TABLE = "a"\n  TABLE = "b"'), undefined);
  equal(tableOf('TABLE = "a"; TABLE_NAME = "b"'), undefined);
  const user = 'class User\n  TABLE = "users"\nend\n';
  equal(read(user + own("@db : DB::Database")).table, undefined);
});

function subclass(body: string): string {
  return `class X < Session::RedisStore(T)\n${body}\nend\nSession.use_store(X)\n`;
}

Deno.test("the key prefix is what the method puts before the key", () => {
  const prefixOf = (body: string) => read(subclass(body)).keyPrefix;
  const method = '  def prefixed(key)\n    "#{KEY_PREFIX}#{key}"\n  end';
  equal(prefixOf(`  KEY_PREFIX = "app:"\n${method}`), "app:");
  equal(prefixOf(String.raw`  KEY_PREFIX = "a\u{20}\"\#{b}:" # c` + `\n${method}`), 'a "#{b}:');
  equal(
    prefixOf('  KEY_PREFIX = "a"\n  def prefixed(k)\n    "#{KEY_PREFIX}:s:#{k}"\n  end'),
    "a:s:",
  );
  equal(prefixOf('private def prefixed(key : String) : String\n"my:s:#{key}"\nend'), "my:s:");
  equal(prefixOf("x.prefixed(1)"), "session:");
  const outside = 'module App\n  KEY_PREFIX = "app:"\n  class S < Session::RedisStore(U)\n' +
    '    def prefixed(key)\n      "#{KEY_PREFIX}#{key}"\n    end\n  end\nend\n';
  equal(read(outside).keyPrefix, "app:");
});

Deno.test("a key prefix that is written in another way is not certain", () => {
  const prefixOf = (body: string) => read(subclass(body)).keyPrefix;
  const values = [
    'ENV["P"]',
    '"#{APP}:"',
    '"a" + b',
    '"a".upcase',
    '"a"\n    .upcase',
    '"a" \\\n    "b"',
    '"a:"\n  KEY_PREFIX = "b:"',
    'x ? "a" : "b"',
    "'a'",
    "%w(a)",
    "%(a:)",
    '"a:" if x',
  ];
  const method = '  def prefixed(key)\n    "#{KEY_PREFIX}#{key}"\n  end';
  for (const value of values) {
    equal(prefixOf(`  KEY_PREFIX = ${value}\n${method}`), undefined, value);
  }
  const methods = [
    '(key)\n  "#{app}:#{key}"',
    '(key)\n  "my:#{tenant}:#{key}"',
    '(key)\n  "my:" + key',
    "(key)\n  key",
    '(key)\n  raise "cart:#{key} is no session" if key.empty?\n  "my:#{key}"',
    '(key)\n  return "legacy:#{key}" if key.size < 10\n  "my:#{key}"',
    '(key)\n  key.empty? ? "none:#{key}" : "my:#{key}"',
    '(key)\n  prefix = "v1:#{key}"\n  "x" + prefix',
    '(key)\n  "my:#{key}".downcase',
    '(key)\n  "my:#{key.upcase}"',
    "(key)\n  super",
    '\n  "my:#{key}"',
  ];
  for (const body of methods) {
    equal(prefixOf(`def prefixed${body}\nend\nY = "no:#{key}"`), undefined, body);
  }
  const constant = '  KEY_PREFIX = "app:"';
  equal(prefixOf(constant), undefined); // the shard's method does not use it
  equal(prefixOf(`{% if flag?(:x) %}\n${constant}\n${method}\n{% end %}`), undefined);
  const two = 'def prefixed(k)\n"a:#{k}"\nend\nend\nclass Y\ndef prefixed(k)\n"b:#{k}"\nend';
  equal(prefixOf(two), undefined);
});

Deno.test("the shard's prefix is taken for its own stores alone", () => {
  const prefixOf = (source: string) => read(source).keyPrefix;
  equal(prefixOf("Session.use_store(RedisStore(T))"), "session:");
  equal(prefixOf("class RedisStore < Session::Store(T)\nend\nc.store = RedisStore.new"), undefined);
  equal(prefixOf("Session.use_store(App::RedisStore)"), undefined);
});

/** What earlier versions wrote for an app of several nodes, as far as the reader looks. */
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
end
`;
}

Deno.test("clustering is recognized by the shard's store and by its setting", () => {
  const of = (settings: string) => read(clusteredApp(settings)).clustered;
  for (
    const on of [
      "config.cluster.enabled = true",
      "config.cluster.enabled=true",
      "config.cluster.enabled = true if production",
      'config.cluster.enabled = ENV["NODES"]? != "1"',
      "config.cluster = Session::ClusterConfig.new(enabled: true)",
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
    ]
  ) equal(of(off), false, off);
});

Deno.test("the cluster's channel is stated where it is a plain literal", () => {
  const channelOf = (settings: string) =>
    read(clusteredApp(`config.cluster.enabled = true\n  ${settings}`)).channel;
  deepEqual(
    read(clusteredApp('config.cluster.enabled = true\n  config.cluster.channel = "nodes"')),
    { kinds: ["redis"], clustered: true, channel: "nodes", keyPrefix: "my:" },
  );
  equal(channelOf('config.cluster.channel = "a" # b'), "a");
  equal(channelOf(String.raw`config.cluster.channel = "a \"\u{e9}\n\#{b}"`), 'a "é\n#{b}');
  const none = ["", '# config.cluster.channel = "a"', 'config.channel = "a"'];
  for (const settings of none) equal(channelOf(settings), undefined, settings);
  const unclear = ['ENV["C"]', '"#{app}:a"', '"a" + b', '"a"\n    .upcase', '"a" if x', ":a"];
  for (const value of unclear) equal(channelOf(`config.cluster.channel = ${value}`), null, value);
  equal(channelOf('config.cluster.channel = "a"\n  config.cluster.channel = "b"'), null);
  equal(channelOf('if x\n    config.cluster.channel = "a"\n  end'), null);
  equal(channelOf('x = Session::ClusterConfig.new(channel: "a")'), null);
});

Deno.test("what version 0.1.0 wrote is still read", async () => {
  const readFile = async (name: string) => {
    return read(await Deno.readTextFile(new URL(`./earlier/${name}.cr`, import.meta.url)));
  };
  deepEqual(await readFile("clustered"), {
    kinds: ["redis"],
    clustered: true,
    channel: "shop:nodes",
    keyPrefix: "shop:s:",
  });
  deepEqual(await readFile("database"), {
    kinds: ["database"],
    clustered: false,
    table: "auth.sessions",
  });
});

/** What setup writes, as far as the reader looks. */
function generated(choice: string): string {
  const settings = (store: StoreSettings): EnvironmentSettings => ({
    ttl: 1000,
    sliding: true,
    cookie: COOKIE,
    record: NO_RECORD,
    store,
  });
  const source = renderInitializer({
    app: "shop",
    module: "Shop",
    requires: [],
    userType: "int64",
    base: settings({
      template: "redis",
      name: "redis",
      nodeCache: { channel: "c", cacheTtl: 1000 },
    }),
    environments: new Map([
      ["a", settings({ template: "memory", name: "memory" })],
      ["b", settings({ template: "database", name: "database", engine: "postgres" })],
    ]),
  }, ownTemplates);
  const lines = choice.split("\n").map((line) => line === "" ? line : `    ${line}`).join("\n");
  return source.replace(/( {2}class_getter .* do\n)[^]*?(\n {2}end\n)/, (_, start, end) => {
    return `${start}${lines}${end}`;
  });
}

const CHOICE = `case SESSION_ENVIRONMENT
when "development", "te\\"st" # on laptops
  MemorySessionStore.open(cleanup_interval: 5.minutes)

when "staging"
  DatabaseSessionStore.open(
    table: "auth.sessions", # a comment: "x"
    pool_size: 5,
  )
else
  # Production
  ClusteredSessionStore.open(
    key_prefix: "#{ENV["APP_NAME"]?.presence || "shop"}:session:",
    channel: "nodes",
    pool_size: 5
  )
end`;

Deno.test("the generated choice is read for each environment", () => {
  const initializer = readInitializer(generated(CHOICE));
  deepEqual([...initializer.environments.keys()], ["development", 'te"st', "staging"]);
  deepEqual(statedFor(initializer, "development"), { kinds: ["memory"], clustered: false });
  deepEqual(statedFor(initializer, "staging"), {
    kinds: ["database"],
    clustered: false,
    table: "auth.sessions",
  });
  deepEqual(statedFor(initializer, "production"), {
    kinds: ["redis"],
    clustered: true,
    keyPrefix: `${fromEnv("APP_NAME", "shop")}:session:`,
    channel: "nodes",
  });
  deepEqual(read(generated('RedisSessionStore.open(key_prefix: "a:")')), {
    kinds: ["redis"],
    clustered: false,
    keyPrefix: "a:",
  });
});

Deno.test("a generated choice that was changed is read again, or not certain", () => {
  const choice = 'RedisSessionStore.open(key_prefix: "a:", pool_size: 5)';
  const prefixOf = (source: string) => {
    const { kinds, keyPrefix } = read(source);
    return kinds === undefined ? "no store" : keyPrefix;
  };
  const changed = (from: string, to: string) => prefixOf(generated(choice).replace(from, () => to));
  equal(changed('"a:"', '"b:"'), "b:");
  equal(changed('"a:"', '"a:" + x'), "no store");
  equal(changed('"a:"', "PREFIX"), undefined);
  equal(changed('"a:"', '"#{x}"'), undefined);
  equal(changed('"#{@key_prefix}#{key}"', '"v2:#{@key_prefix}#{key}"'), undefined);
  equal(
    changed("new(key_prefix, pool, name).as", 'new("v2:" + key_prefix, pool, name).as'),
    undefined,
  );
  equal(changed("super(pool: pool)", 'super(pool: pool)\n      @key_prefix += "2:"'), undefined);
  equal(changed('"a:"', '"a:", key_prefix: "b:"'), "no store");
  equal(changed(choice, `${choice} if x`), "no store");
  equal(changed(choice, `${choice}\n    ${choice}`), "no store");
  equal(changed(choice, "MyStore.open"), "no store");
  const twice = `${generated(choice)}${generated(choice.replace('"a:"', '"b:"'))}`;
  equal(prefixOf(twice), "no store");
  const later = "\nmodule Shop\n  def self.session_stores\n    x\n  end\nend\n";
  for (const name of ["self.session_stores", "Shop.session_stores", "session_stores(x)"]) {
    const source = `${generated(choice)}${later.replace("self.session_stores", name)}`;
    equal(prefixOf(source), "no store", name);
  }
  const table = generated(CHOICE).replace("quoted(table, ", 'quoted("v2_" + table, ');
  equal(statedFor(readInitializer(table), "staging").table, undefined);
  const environments = (text: string) => readInitializer(text).otherwise.kinds;
  equal(environments(generated(CHOICE).replace('ENV["CRYSTAL_ENV"]', 'ENV["E"]')), undefined);
  equal(environments(generated(CHOICE.replace('when "staging"', "when STAGING"))), undefined);
  equal(environments(generated(CHOICE.replace('"staging"', '"development"'))), undefined);
});

Deno.test("no text makes the reader throw or stall", () => {
  const piece = fc.constantFrom(
    ..."class X Y < = ( ) :: . , ; \n if else Session use_store store c RedisStore Store DB".split(
      " ",
    ),
    ...". cluster enabled channel : true ClusterConfig new case when".split(" "),
    ...'KEY_PREFIX TABLE "a" "#{ } def prefixed end require alias ||= MemoryStore # <<-A'.split(
      " ",
    ),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
      const { keyPrefix, table } = readInitializer(pieces.join(" ")).otherwise;
      ok(keyPrefix !== "" && table !== "");
    }),
    { numRuns: 1000 },
  );
  const texts = [
    ...["class X < Y; end;", "def prefixed(", "def prefixed(k) ", "class X(", "KEY_PREFIX = "]
      .map((piece) => piece.repeat(5e4) + "RedisStore"),
    ...["x.cluster.enabled = ", "ClusterConfig.new(", "x.cluster.channel = \n", '"#{', "<<-A\n"]
      .map((piece) => piece.repeat(5e4) + "RedisStore"),
    generated(CHOICE).repeat(1000),
    generated('when "a"\n'.repeat(2e4)),
  ];
  for (const text of texts) {
    const timeOf = (work: (text: string) => unknown) => {
      const start = performance.now();
      work(text);
      return performance.now() - start;
    };
    // Whatever the machine: a reader that begins again and again takes thousands of times.
    const [reading, scanning] = [timeOf(readInitializer), timeOf(codeOf)];
    ok(reading < 50 * (scanning + 1), `${text.slice(0, 20)}: ${reading} ms, ${scanning} ms`);
  }
});
