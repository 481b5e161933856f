/** What Tab offers in real shells. */
import { rejects } from "node:assert/strict";
import { join } from "node:path";
import { needs } from "../../support/env.ts";
import { open, SHELLS } from "./shells.ts";

const CONFIG = `
export default {
  session: { backends: { acme: () => ({ name: "acme" }), "my store": () => ({ name: "acme" }) } },
  environments: { staging: {} },
};
`;

for (const [name, shell] of Object.entries(SHELLS)) {
  Deno.test(`completion in ${name}`, needs(...shell.needs), async () => {
    await using opened = await open(shell, { "azu.config.ts": CONFIG });
    // A single candidate is inserted.
    for (
      const [keys, ran] of [
        ["session:re\t--user 42", "<session:revoke> <--user> <42>"],
        ["session:list --backend ac\t", "<session:list> <--backend> <acme>"],
        ["session:list --backend my\t", "<session:list> <--backend> <my store>"],
        ["session:list --env=sta\t", "<session:list> <--env=staging>"],
        ["-C . session:list --format nd\t", "<-C> <.> <session:list> <--format> <ndjson>"],
        ["help exit\t", "<help> <exit-codes>"],
        ["--config azu.con\t session:clear --dry\t", "<--config> <azu.config.ts> <session:clear>"],
      ] as const
    ) {
      await opened.type(`azu ${keys}\r`);
      await opened.see(`RAN ${ran}`);
    }
    // Several candidates are listed.
    await opened.type("azu session:list --backend \t");
    await opened.see(/(?=[^]*acme)(?=[^]*database)(?=[^]*memory)(?=[^]*my.{1,2}store)[^]*redis/);
    await opened.drop();
    await opened.type("azu session:list --env \t");
    await opened.see(/(?=[^]*staging)(?=[^]*development)(?=[^]*test)[^]*production/);
    await opened.drop();
    await opened.type("azu session:s\t");
    await opened.see(/etup[^]*tatus[^]*weep/); // a shell may show only what is left of the words
    await opened.drop();
    // Nothing in the line is run.
    await opened.type("azu -C $(touch ran) session:list --format nd\t");
    await opened.see("ndjson");
    await rejects(Deno.stat(join(opened.home, "ran")), Deno.errors.NotFound);
  });
}

Deno.test("completion goes on after a config that never ends", needs("script"), async () => {
  const shell = SHELLS["bash alone"];
  if (shell === undefined) throw new Error("There is no such shell");
  await using opened = await open(shell, {
    "azu.config.ts": "while (true);\nexport default {};\n",
  });
  await opened.type("azu session:list --env \t--json\r");
  await opened.see("RAN <session:list> <--env> <--json>");
});
