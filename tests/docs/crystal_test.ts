/** The Crystal code of the pages compiles, with the code that setup writes. */
import { strictEqual } from "node:assert/strict";
import { join } from "node:path";
import { setUp } from "../crystal/app.ts";
import { compile, DECLARATIONS, STAND_INS } from "../crystal/compiler.ts";
import { needs } from "../support/env.ts";
import { tempDir, writeTree } from "../support/temp.ts";
import { blocksIn, itemsOf, readPage } from "./page.ts";

for (const backend of ["database", "redis"]) {
  Deno.test(`the app of the tutorial compiles on ${backend}`, needs("crystal"), async () => {
    strictEqual(await complaint(backend, {}), undefined);
  });
}

Deno.test("the examples for endpoints compile", needs("crystal"), async () => {
  const blocks = blocksIn(readPage("how-to/sessions-in-endpoints.md"), "crystal");
  const isFile = (block: string) => /^(?:require|module|class) /.test(block);
  // The example assumes that the app has users.
  const users = `module User
  record Account, id : Int64

  def self.authenticate(email : String, password : String) : Account?
    Account.new(1_i64) if email == password
  end
end
`;
  const endpoint = `module Shop
  struct ExampleEndpoint
    include Azu::Endpoint(LoginRequest, Azu::Response::Empty)
    include Shop::SessionHelpers

    post "/example"

    def call : Azu::Response::Empty
      ${blocks.filter((block) => !isFile(block)).join("\n")}
      redirect to: "/"
    end
  end
end
`;
  const files = blocks.filter(isFile);
  // In one file, there is nothing to require.
  const endpoints = [users, ...files, endpoint].join("\n").replace('require "./session"', "");
  strictEqual(await complaint("redis", { "src/endpoints.cr": endpoints }), undefined);
});

/** What the compiler says of the tutorial's app with these files. */
async function complaint(
  backend: string,
  files: Readonly<Record<string, string>>,
): Promise<string | undefined> {
  await using folder = await tempDir();
  for (const item of itemsOf(readPage("tutorial.md"))) {
    if (item.kind === "file") await writeTree(folder.path, { [item.name]: item.content });
  }
  const config = `import { defineConfig } from "azu";
export default defineConfig({ session: { backend: "${backend}" } });
`;
  await writeTree(folder.path, { "azu.config.ts": config, ...files });
  await setUp(folder.path, "sqlite");
  return await compile({
    source: join(folder.path, "src/server.cr"),
    shards: [STAND_INS, DECLARATIONS],
  });
}
