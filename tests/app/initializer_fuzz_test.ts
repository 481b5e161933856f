/**
 * Random edits of initializers, read by azu and by Crystal's compiler: azu must say what the compiler
 * says, or that it is not certain. `FUZZ_BATCHES=100 deno test -A …` tries more of them.
 */
import { deepStrictEqual, ok } from "node:assert/strict";
import { join } from "node:path";
import { readCrystalSpan, readCrystalString } from "../../src/app/crystal/literal.ts";
import { ownTemplates } from "../../src/app/crystal_templates.ts";
import { readInitializer } from "../../src/app/initializer.ts";
import { statedFor, type StatedStore } from "../../src/app/stated_store.ts";
import {
  type EnvironmentSettings,
  renderInitializer,
  type StoreSettings,
} from "../../src/app/render_templates.ts";
import { fromEnv } from "../../src/core/from_env.ts";
import { DECLARATIONS, evaluate } from "../crystal/compiler.ts";
import { needs, service } from "../support/env.ts";
import { tempDir, writeTree } from "../support/temp.ts";
import { COOKIE, NO_RECORD } from "./settings.ts";

const BATCHES = Number(Deno.env.get("FUZZ_BATCHES") ?? 1);
/** Sources for one run of the compiler. */
const BATCH = 30;

/** What setup writes for these stores, in the base and in environments; the base may have two. */
function generated(
  base: StoreSettings,
  others: Record<string, StoreSettings> = {},
  second?: EnvironmentSettings["second"],
): string {
  const settings = (store: StoreSettings) => ({
    ...{ ttl: 1000, sliding: true, cookie: COOKIE, record: NO_RECORD, store },
  });
  const environments = Object.entries(others).map(([name, store]) =>
    [name, settings(store)] as const
  );
  return renderInitializer({
    app: "shop",
    module: "Shop",
    requires: [],
    userType: "int64",
    base: { ...settings(base), ...(second === undefined ? {} : { second }) },
    environments: new Map(environments),
  }, ownTemplates);
}

const REDIS: StoreSettings = { template: "redis", name: "redis", keyPrefix: "shop:s:" };
const TABLE: StoreSettings = {
  template: "database",
  name: "database",
  engine: "postgres",
  table: "auth.sessions",
};
const CLUSTERED: StoreSettings = {
  template: "redis",
  name: "redis",
  keyPrefix: `${fromEnv("APP_NAME", "shop")}:s:`,
  nodeCache: { channel: "shop:nodes", cacheTtl: 1000 },
};
const earlier = (name: string) =>
  Deno.readTextFileSync(join(import.meta.dirname ?? ".", "earlier", `${name}.cr`));
const SOURCES = [
  generated(REDIS),
  generated(CLUSTERED, {
    development: { template: "memory", name: "memory" },
    test: TABLE,
    staging: REDIS,
  }),
  generated(TABLE, {
    qa: { ...TABLE, table: "qa" },
    test: { template: "database", name: "database", engine: "sqlite", table: "t" },
  }),
  generated(TABLE, {}, { direction: "from", store: CLUSTERED }),
  generated(REDIS, { test: { ...TABLE, urlVariable: "TEST_URL" } }, {
    direction: "to",
    store: { ...REDIS, name: "new", urlVariable: "NEW_REDIS_URL", keyPrefix: "new:" },
  }),
  earlier("clustered"),
  earlier("database"),
];

/** A generator of numbers from 0 to below `limit`, always the same for a seed (mulberry32). */
function randomOf(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  };
}

/** Lines that mean something else than they seem to, or that change what is meant. */
const LINES = [
  '# KEY_PREFIX = "wrong:"',
  '    KEY_PREFIX = "other:"',
  '    TABLE = "other"',
  'NOISE = "key_prefix: \\"wrong:\\","',
  'NOISE = %(RedisSessionStore.open(key_prefix: "wrong:"))',
  'NOISE = <<-X\n    key_prefix: "wrong:",\n    TABLE = "wrong"\n  X',
  '      key_prefix: "other:",',
  '        key_prefix: "other:",',
  '        table: "other",',
  '    RedisSessionStore.open(key_prefix: "other:")',
  "      MemorySessionStore.open(cleanup_interval: 1.minute)",
  '    when "staging"',
  '    when "extra", "test"',
  '    private def prefixed(key : String) : String\n      "v2:#{key}"\n    end',
  "    private def prefixed(key : String) : String\n      super\n    end",
  "  {% if flag?(:never) %}",
  "  {% end %}",
  "    else",
  "    end",
  "  end",
];

/** Which lines decide what is read: most edits are near them. */
const NEAR =
  /session_stores|SessionStore|SESSION_ENV|open\(|key_prefix|prefixed|KEY_PREFIX|TABLE|when |else/;

function edited(source: string, random: (limit: number) => number): string {
  const lines = source.split("\n");
  const near = lines.flatMap((line, at) => NEAR.test(line) ? [at] : []);
  for (let edits = 1 + random(3); edits > 0; edits--) {
    const at = random(4) === 0
      ? random(lines.length)
      : Math.min(lines.length - 1, (near[random(near.length)] ?? 0) + random(3));
    const line = lines[at] ?? "";
    const tokens = line.match(/\w+|"[^"]*"|\s+|[^\w\s]/g) ?? [];
    const other = lines[random(lines.length)] ?? "";
    const others = other.match(/\w+|"[^"]*"|[^\w\s]/g) ?? ["x"];
    const token = random(Math.max(1, tokens.length));
    switch (random(8)) {
      case 0:
        lines.splice(at, 1);
        break;
      case 1:
        lines.splice(at, 0, line);
        break;
      case 2:
        lines.splice(at, 0, LINES[random(LINES.length)] ?? "");
        break;
      case 3:
        lines[at] = tokens.toSpliced(token, 1).join("");
        break;
      case 4:
        lines[at] = tokens.toSpliced(token, 1, others[random(others.length)] ?? "").join("");
        break;
      case 5:
        lines[at] = tokens.toSpliced(token, 0, others[random(others.length)] ?? "").join("");
        break;
      case 6:
        lines[at] = random(2) === 0 ? `  ${line}` : line.trimStart();
        break;
      case 7:
        lines[at] = line.replace(/"([^"]*)"/, () => `"edited${random(9)}:"`);
        break;
    }
  }
  return lines.join("\n");
}

/** What the compiler says about a module: texts that it prints of its own syntax tree. */
type Facts = Readonly<Record<string, string>>;

/** Prints the facts of a module when it is compiled. */
function probe(name: string): string {
  const module = `${name}::Shop`;
  const body = (type: string, method: string) =>
    `${type}.methods.select { |m| m.name == "${method}" }.map(&.body.stringify).join("----")`;
  const inClass = (classes: string[], text: (type: string) => string) =>
    classes.map((each) =>
      `{% if ${module}.has_constant?("${each}") %}${text(`${module}::${each}`)}{% end %}`
    ).join("\n");
  const say = (fact: string, value: string) => `{% puts "@@${name} ${fact} " + ${value} %}`;
  const constant = (fact: string, name: string) => (type: string) =>
    `{% if ${type}.has_constant?("${name}") %}${
      say(fact, `${type}.constant("${name}").stringify`)
    }{% end %}`;
  const redis = ["RedisSessionStore", "SessionStore"];
  return [
    say("choice", body(`${module}.class`, "session_stores")),
    constant("environment", "SESSION_ENVIRONMENT")(module),
    inClass(
      redis,
      (type) => `{% if ${type}.class? %}${say("prefixed", body(type, "prefixed"))}{% end %}`,
    ),
    inClass(redis, constant("prefix", "KEY_PREFIX")),
    inClass(["SessionStore"], constant("table", "TABLE")),
    inClass(["RedisSessionStore"], (type) => say("redis", `${type}.superclass.stringify`)),
    inClass(["DatabaseSessionStore"], (type) => say("database", `${type}.superclass.stringify`)),
    inClass(
      ["SessionStore"],
      (type) => `{% if ${type}.class? %}${say("kind", `${type}.superclass.stringify`)}{% end %}`,
    ),
  ].join("\n");
}

/** The module of an initializer alone, without what it requires and does at the top level. */
function moduleIn(source: string): string {
  return source.slice(
    source.indexOf("module Shop"),
    source.indexOf("\nclass HTTP::Server::Context"),
  );
}

/** The sources that Crystal can parse: compiling them is slow. */
async function parseable(sources: readonly string[], folder: string): Promise<Set<string>> {
  const files = Object.fromEntries(sources.map((source, at) => [`${at}.cr`, moduleIn(source)]));
  await writeTree(join(folder, "syntax"), files);
  const { stderr } = await new Deno.Command(service("crystal"), {
    args: ["tool", "format", "--check", "--no-color", join(folder, "syntax")],
  }).output();
  const broken = new Set(
    Array.from(new TextDecoder().decode(stderr).matchAll(/error in '.*?(\d+)\.cr:/g), ([, at]) => {
      return sources[Number(at)];
    }),
  );
  return new Set(sources.filter((source) => !broken.has(source)));
}

/**
 * Compiles sources together, and those that do not compile apart from the others.
 * @returns the facts of each source; undefined if it does not compile.
 */
async function factsOf(sources: readonly string[], folder: string): Promise<(Facts | undefined)[]> {
  const names = sources.map((_, at) => `Fuzz${at}`);
  const program = [
    'require "http"\nrequire "session"\nrequire "db"\n',
    ...sources.map((source, at) => `module ${names[at]}\n${moduleIn(source)}\nend\n`),
    ...names.map(probe),
  ];
  const path = join(folder, "main.cr");
  await Deno.writeTextFile(path, program.join("\n"));
  const printed = await evaluate(path, [DECLARATIONS]);
  if (printed === undefined) {
    if (sources.length < 2) return sources.map(() => undefined);
    const half = sources.length >> 1;
    return [
      ...await factsOf(sources.slice(0, half), folder),
      ...await factsOf(sources.slice(half), folder),
    ];
  }
  const facts = names.map((): Record<string, string> => ({}));
  for (const said of printed.split(/^@@Fuzz/m).slice(1)) {
    const [, at = "", fact = "", text = ""] = /^(\d+) (\w+) ([^]*?)\s*$/.exec(said) ?? [];
    const of = facts[Number(at)];
    if (of !== undefined) of[fact] = text;
  }
  return facts;
}

/** What the facts mean for an environment; undefined if that is not known here. */
function meant(facts: Facts, environment: string): StatedStore | undefined {
  return facts["choice"] === "" ? meantEarlier(facts) : meantByChoice(facts, environment);
}

const ENVIRONMENT = '(ENV["AZU_ENV"]?.presence || ENV["CRYSTAL_ENV"]?.presence) || "production"';

/** What the compiler makes of `class_getter session_stores`: its only line, or its `case`. */
const GETTER =
  /@@session_stores = \((?:(case SESSION_ENVIRONMENT\n[^]*\n {2}end)|(.*))\)\nelse\n {2}value\nend$/;
/** A text with no code in it but variables. */
const LITERAL = String.raw`"(?:[^"\\#]|\\.|#\{ENV(?:[^}"]|"[^"]*")*\})*"`;

function meantByChoice(facts: Facts, environment: string): StatedStore | undefined {
  const [, cases, only = ""] = GETTER.exec(facts["choice"] ?? "") ?? [];
  let call = only;
  if (cases !== undefined) {
    if (facts["environment"] !== ENVIRONMENT) return undefined;
    const branches = [...cases.matchAll(/^ {2}(?:when (.*)|else)\n {4}(.*)\n(?= {2}\w)/gm)];
    const branch = branches.find(([, names]) =>
      names === undefined || names.split(", ").includes(JSON.stringify(environment))
    );
    call = branch?.[2] ?? "";
  }
  const two = /^MigratingSessionStore\.open\((\w+\.open\(.*\)), (from|to): (\w+\.open\(.*\))\)$/;
  const [, first = call, direction, second = ""] = two.exec(call) ?? [];
  const primary = meantByCall(facts, first);
  if (direction === undefined || primary === undefined) return primary;
  const other = meantByCall(facts, second);
  if (other === undefined) return undefined;
  return direction === "from"
    ? { ...primary, migratesFrom: other }
    : { ...primary, migratesTo: other };
}

function meantByCall(facts: Facts, call: string): StatedStore | undefined {
  const [, store = "", options = ""] = /^(\w+)SessionStore\.open\((.*)\)$/.exec(call) ?? [];
  const option = (name: string) =>
    readCrystalString(
      new RegExp(`(?:^|, )${name}: (${LITERAL})(?:, |$)`).exec(options)?.[1] ?? "",
    );
  const name = option("name");
  const urlVariable = option("url_variable");
  const named = {
    ...(name === undefined ? {} : { name }),
    ...(urlVariable === undefined ? {} : { urlVariable }),
  };
  if (store === "Memory") return { kinds: ["memory"], clustered: false };
  if (store === "Database" && /^Session::Store\(/.test(facts["database"] ?? "")) {
    const table = option("table");
    const engine = (["postgres", "mysql", "sqlite"] as const)
      .find((engine) => engine === option("engine"));
    return {
      kinds: ["database"],
      clustered: false,
      ...(table === undefined ? {} : { table }),
      ...(engine === undefined ? {} : { engine }),
      ...named,
    };
  }
  const isRedis = /^Session::RedisStore\(/.test(facts["redis"] ?? "") &&
    facts["prefixed"] === '"#{@key_prefix}#{key}"';
  const keyPrefix = option("key_prefix");
  if (!isRedis || keyPrefix === undefined) return undefined;
  if (store === "Redis") return { kinds: ["redis"], clustered: false, keyPrefix, ...named };
  const channel = option("channel");
  if (store !== "Clustered" || channel === undefined) return undefined;
  const cacheTtl = readCrystalSpan(/(?:^|, )cache_ttl: ([\w.]+)(?:, |$)/.exec(options)?.[1] ?? "");
  const stated: StatedStore = { kinds: ["redis"], clustered: true, keyPrefix, channel, ...named };
  return cacheTtl === undefined ? stated : { ...stated, cacheTtl };
}

function meantEarlier({ kind = "", prefix, prefixed, table }: Facts): StatedStore | undefined {
  if (kind.startsWith("Session::Store(")) {
    const text = table === undefined ? undefined : readCrystalString(table);
    return {
      kinds: ["database"],
      clustered: false,
      ...(text === undefined ? {} : { table: text }),
    };
  }
  const keyPrefix = prefix === undefined ? undefined : readCrystalString(prefix);
  const isKnown = kind.startsWith("Session::RedisStore(") && prefixed === '"#{KEY_PREFIX}#{key}"';
  if (!isKnown || keyPrefix === undefined) return undefined;
  return { kinds: ["redis"], clustered: true, keyPrefix, channel: "shop:nodes" };
}

/** What the reader says wrongly: anything certain that is not meant. */
function mistakes(read: StatedStore, truth: StatedStore | undefined): string[] {
  const { kinds = [], keyPrefix, table, engine, channel, cacheTtl } = read;
  if (kinds.length !== 1) return [];
  const found: string[] = [];
  if (truth !== undefined && truth.kinds?.[0] !== kinds[0]) found.push(`store ${kinds[0]}`);
  if (engine !== undefined && engine !== truth?.engine) found.push(`engine ${engine}`);
  if (cacheTtl !== undefined && cacheTtl !== truth?.cacheTtl) found.push(`time ${cacheTtl}`);
  if (keyPrefix !== undefined && keyPrefix !== truth?.keyPrefix) found.push(`prefix ${keyPrefix}`);
  if (table !== undefined && table !== truth?.table) found.push(`table ${table}`);
  for (const direction of ["migratesFrom", "migratesTo"] as const) {
    const second = read[direction];
    if (second !== undefined) found.push(...mistakes(second, truth?.[direction]));
  }
  // The channel of an earlier source is outside of the module.
  if (typeof channel === "string" && truth !== undefined && channel !== truth.channel) {
    found.push(`channel ${channel}`);
  }
  return found;
}

Deno.test(
  "random edits never yield a wrong store, prefix, table or channel",
  needs("crystal"),
  async () => {
    await using folder = await tempDir();
    const environments = ["development", "test", "staging", "qa", "extra", "production"];
    const wrong: string[] = [];
    let certain = 0;
    for (let batch = 0; batch < BATCHES; batch++) {
      const seeds = Array.from({ length: BATCH }, (_, at) => batch * BATCH + at);
      const sources = seeds.map((seed) => {
        const random = randomOf(seed);
        return edited(SOURCES[random(SOURCES.length)] ?? "", random);
      });
      const candidates = [...await parseable(sources, folder.path)];
      const facts = await factsOf(candidates, folder.path);
      for (const [at, source] of candidates.entries()) {
        const known = facts[at];
        if (known === undefined) continue;
        const initializer = readInitializer(source);
        for (const environment of environments) {
          const read = statedFor(initializer, environment);
          const truth = meant(known, environment);
          if (read.keyPrefix !== undefined || read.table !== undefined) certain++;
          for (const mistake of mistakes(read, truth)) {
            wrong.push(
              `seed ${seeds[sources.indexOf(source)]}, ${environment}: ${mistake}, not ${
                JSON.stringify(truth)
              }`,
            );
          }
        }
      }
    }
    deepStrictEqual(wrong, []);
    ok(certain > 20 * BATCHES, `${certain} certain answers`);
  },
);

Deno.test("the compiler and the reader agree on what is not edited", needs("crystal"), async () => {
  await using folder = await tempDir();
  const facts = await factsOf(SOURCES, folder.path);
  for (const [at, source] of SOURCES.entries()) {
    const initializer = readInitializer(source);
    for (const environment of ["development", "test", "staging", "qa", "production"]) {
      deepStrictEqual(
        statedFor(initializer, environment),
        meant(facts[at] ?? {}, environment),
        `${at}`,
      );
    }
  }
});
