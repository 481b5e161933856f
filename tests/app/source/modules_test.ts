import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { appModule, moduleOf } from "../../../src/app/source/modules.ts";
import { initializerFrom, mainFile } from "../../../src/app/source/source_files.ts";
import { handlerUses } from "../../../src/app/source/handlers.ts";
import { tempDir, writeTree } from "../../support/temp.ts";

const LIST = "  def self.handlers\n    [] of HTTP::Handler\n  end\n";

const sources: [name: string, source: string, module: string][] = [
  ["the one that lists the handlers", `module Shop\n${LIST}end\n`, "Shop"],
  ["the one that includes Azu", "module Shop\n  include Azu\nend\n", "Shop"],
  ["one on a single line", "module Shop; include Azu; end", "MyApp"],
  ["a path", `module Shop::Web\n${LIST}end\n`, "Shop::Web"],
  [
    "nested modules",
    `module Shop\n  module Web::Site\n${LIST.replace(/^/gm, "  ")}end\nend\n`,
    "Shop::Web::Site",
  ],
  [
    "the list's rather than the one that includes Azu",
    `module A\n  include Azu\nend\nmodule B\n${LIST}end\n`,
    "B",
  ],
  ["one with code around", `x = if 1 > 0\n 2\nend\nmodule B\n  def a\n  end\n${LIST}end\n`, "B"],
  ["a list that is none", "module B\n  def self.handlers\n    HANDLERS\n  end\nend\n", "B"],
  [
    "a byte order mark and Windows line ends",
    '\ufeffrequire "azu"\r\nmodule B\r\n  include Azu\r\nend\r\n',
    "B",
  ],
  ["what Azu has is not Azu", "module B\n  include Azu::Endpoint\nend\n", "MyApp"],
  ["a comment", `# module B\n# include Azu\n# end\n`, "MyApp"],
  ["a text", `X = "module B\n  include Azu\nend\n"\n`, "MyApp"],
  ["a heredoc", `X = <<-END\n  module B\n    include Azu\n  end\n  END\n`, "MyApp"],
  ["a generic module", `module B(T)\n${LIST}end\n`, "MyApp"],
  ["no module around", `include Azu\n${LIST}`, "MyApp"],
  ["a class", `class Other\n${LIST}end\n`, "MyApp"],
  ["a class of the very name", `class MyApp\n${LIST}end\n`, "MyAppApp"],
  ["nothing", "", "MyApp"],
];

for (const [name, source, module] of sources) {
  Deno.test(`the app's module: ${name}`, () => strictEqual(moduleOf(source, "my-app"), module));
}

Deno.test("the app's module: a name that means something already is not taken", () => {
  const names = { session: "SessionApp", redis: "RedisApp", log: "LogApp", azu: "AzuApp" };
  for (const [app, module] of Object.entries(names)) strictEqual(moduleOf("", app), module);
  const others = ["DB", "HTTP", "JSON", "CQL", "URI", "UUID", "String", "Time", "Process", "File"];
  for (const app of others) strictEqual(moduleOf("", app), `${app}App`);
  strictEqual(moduleOf("module Session\n  include Azu\nend\n", "session"), "Session");
});

Deno.test("the app's module comes from its main file", async () => {
  await using app = await tempDir();
  strictEqual(await appModule(app.path, "my-app"), "MyApp");
  await writeTree(app.path, { "src/my_app.cr": "module Shop\n  include Azu\nend\n" });
  strictEqual(await appModule(app.path, "my-app"), "Shop");
});

const mains: [name: string, files: Record<string, string>, main: string | undefined][] = [
  ["by the app's name", { "src/my-app.cr": "" }, "src/my-app.cr"],
  ["with an underscore", { "src/my_app.cr": "", "src/other.cr": "" }, "src/my_app.cr"],
  ["by shard.yml's name", { "shard.yml": "name: a_b", "src/a-b.cr": "" }, "src/a-b.cr"],
  [
    "by a target",
    {
      "shard.yml":
        "name: x\ntargets:\n  w:\n    main: src/none.cr\n  y:\n    main: ./src/server.cr\n",
      "src/server.cr": "",
    },
    "src/server.cr",
  ],
  [
    "the name before the target",
    {
      "shard.yml": "name: x\ntargets:\n  x:\n    main: src/s.cr\n",
      "src/s.cr": "",
      "src/x.cr": "",
    },
    "src/x.cr",
  ],
  [
    "no target outside of the app",
    { "shard.yml": "name: x\ntargets:\n  x:\n    main: ../s.cr\n  y:\n    main: [a]\n" },
    undefined,
  ],
  [
    "no file that setup writes itself",
    {
      "shard.yml": "name: x\ntargets:\n  x:\n    main: src/initializers/session.cr\n",
      "src/initializers/session.cr": "",
    },
    undefined,
  ],
  ["none", { "src/other.cr": "" }, undefined],
];

for (const [name, files, main] of mains) {
  Deno.test(`the main file: ${name}`, async () => {
    await using app = await tempDir();
    await writeTree(app.path, files);
    strictEqual((await mainFile(app.path, "my-app"))?.path, main);
  });
}

Deno.test("the main file: no name leads anywhere else", async () => {
  await using app = await tempDir();
  for (const name of ["../x", "a/b", "\0", "x".repeat(5000), "", ".."]) {
    strictEqual(await mainFile(app.path, name), undefined);
  }
});

Deno.test("the initializer is required relative to the file", () => {
  strictEqual(initializerFrom("src/a.cr"), "./initializers/session");
  strictEqual(initializerFrom("src/app/web/a.cr"), "../../initializers/session");
  strictEqual(initializerFrom("a.cr"), "./src/initializers/session");
  strictEqual(initializerFrom("cmd/a.cr"), "../src/initializers/session");
  strictEqual(initializerFrom("src/initializers/a.cr"), "./session");
});

Deno.test("session handlers are told apart by whose they are", () => {
  const cases: [source: string, whose: string[]][] = [
    ["Shop::Web::SessionHandler.new", ["own"]],
    ["::Shop::Web::SessionHandler.new", ["own"]],
    ["Web::SessionHandler.new", ["own"]],
    ["SessionHandler.new", ["own"]],
    ["::SessionHandler.new", []],
    ["Admin::SessionHandler.new", []],
    ["Session::SessionHandler.new(store)", ["shard"]],
    ["[::Session::SessionHandler.new]", ["shard"]],
    ["Shop::Session::SessionHandler.new", []],
    ["Shop::Web::SessionHandler", []],
    ["# Session::SessionHandler.new", []],
    ['"Session::SessionHandler.new"', []],
  ];
  for (const [source, whose] of cases) {
    deepStrictEqual(handlerUses(source, "Shop::Web").map((use) => use.whose), whose, source);
  }
});

Deno.test("a session handler is shown as it is called, without its texts", () => {
  const call = (source: string) => handlerUses(source, "Shop")[0];
  const shared = "Session::SessionHandler.new";
  deepStrictEqual(call(`\n${shared}(Session.session), x`), {
    whose: "shard",
    line: 2,
    call: `${shared}(Session.session)`,
  });
  strictEqual(call(`${shared}(f(1), [2])`)?.call, `${shared}(f(1), [2])`);
  strictEqual(call(`${shared}(store: "secret")`)?.call, `${shared}(…)`);
  strictEqual(call(`${shared}(\n  store\n)`)?.call, `${shared}(…)`);
  strictEqual(call(`${shared}(store`)?.call, `${shared}(…)`);
  strictEqual(call(`::${shared}`)?.call, `::${shared}`);
});
