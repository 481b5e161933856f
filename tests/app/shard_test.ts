import { deepStrictEqual, rejects, strictEqual, throws } from "node:assert/strict";
import { parse } from "yaml";
import { addDependencies, shardDependencies } from "../../src/app/shard.ts";
import { nameInShard, shardName } from "../../src/app/shard_name.ts";

const SESSION = { name: "session", github: "azutoolkit/session" };
const REDIS = { name: "redis", github: "stefanwille/crystal-redis" };

const layouts: [name: string, source: string][] = [
  ["a usual one", "name: a\ndependencies:\n  azu:\n    github: x/azu\ncrystal: 1\n"],
  [
    "dependencies last, without an end of line",
    "name: a\ndependencies:\n  azu:\n    github: x/azu",
  ],
  ["four spaces", "name: a\ndependencies:\n    azu:\n        github: x/azu\n\n# end\n"],
  [
    "comments everywhere",
    "# a\nname: a # b\ndependencies: # c\n  # d\n  azu: # e\n    github: x/azu # f\n  # g\n\n# h\ntargets:\n  a:\n    main: src/a.cr\n",
  ],
  ["no dependencies", "name: a\nversion: 1.0.0\n"],
  ["no dependencies, no end of line", "name: a"],
  ["dependencies of nothing", "name: a\ndependencies:\ncrystal: 1\n"],
  ["dependencies of nothing, with a comment", "name: a\ndependencies: # none yet\n\ncrystal: 1\n"],
  ["an empty flow map", "name: a\ndependencies: {}\ncrystal: 1\n"],
  ["a flow map", "name: a\ndependencies: { azu: { github: x/azu } } # flow\ncrystal: 1\n"],
  [
    "Windows line ends",
    "name: a\r\ndependencies:\r\n  azu:\r\n    github: x/azu\r\ncrystal: 1\r\n",
  ],
  ["an empty file", ""],
];

for (const [name, source] of layouts) {
  Deno.test(`shard.yml: adds to ${name}, and every line of before stays`, () => {
    const changed = addDependencies(source, [SESSION, REDIS]);
    const before: Record<string, unknown> = parse(source) ?? {};
    deepStrictEqual(parse(changed), {
      ...before,
      dependencies: {
        ...(before["dependencies"] ?? {}),
        session: { github: "azutoolkit/session" },
        redis: { github: "stefanwille/crystal-redis" },
      },
    });
    const after = changed.split(/\r?\n/);
    for (const line of source.split(/\r?\n/).filter((text) => !text.includes("{"))) {
      strictEqual(after.includes(line), true, `lost: ${line}`);
    }
    strictEqual(addDependencies(changed, [REDIS, SESSION]), changed);
    if (source.includes("\r\n")) strictEqual(/[^\r]\n/.test(changed), false);
  });
}

Deno.test("shard.yml: a shard that is there stays as it is, from wherever it comes", () => {
  const source = "dependencies:\n  session:\n    path: ../session\n";
  strictEqual(addDependencies(source, [SESSION]), source);
  deepStrictEqual(shardDependencies(source), ["session"]);
});

Deno.test("shard.yml: what is no shard.yml is refused", () => {
  throws(() => addDependencies("- a\n- b\n", [SESSION]), /expected a mapping/);
  throws(() => addDependencies("a: [\n", [SESSION]), /shard\.yml:\d+: not valid YAML/);
  throws(() => addDependencies("dependencies: [a, b]\n", [SESSION]), /cannot extend/);
});

Deno.test("shard.yml: the name, as it is usually written", () => {
  strictEqual(shardName("version: 1\nname: my_app # ours\n"), "my_app");
  strictEqual(shardName('name: "my app"\r\n'), "my app");
  strictEqual(shardName("name: 'it'\n"), "it");
  strictEqual(shardName("targets:\n  name: other\n"), undefined);
  strictEqual(shardName("# name: other\n"), undefined);
  strictEqual(shardName("name:\n  a: b\n"), undefined);
});

Deno.test("nameInShard reads every way to write the name, and refuses what is no YAML", async () => {
  const written = [
    "name: shop\n",
    "\ufeffname: shop\nversion: 0.1.0\n",
    '"name": shop\n',
    "name : shop\n",
    "name:\n  shop\n",
    "name: !!str shop\n",
    "name: &a shop\n",
    "{name: shop}\n",
    "name: >-\n  shop\n",
    'name: "sh\\u006fp"\n',
    "name: shop\ntargets:\n  shop:\n    name: other\n",
  ];
  for (const source of written) strictEqual(await nameInShard(source), "shop", source);
  strictEqual(await nameInShard("version: 1\n"), undefined);
  await rejects(nameInShard("name: ["), /shard\.yml/);
  await rejects(nameInShard('desc: "\nname: evil\n"\nname: shop\n'), /shard\.yml/);
  await rejects(
    nameInShard("<<<<<<< a\nname: shop\n=======\nname: other\n>>>>>>> b\n"),
    /shard\.yml/,
  );
});
