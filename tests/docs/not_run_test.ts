/** No command of the documentation is left out in silence. */
import { deepStrictEqual } from "node:assert/strict";
import { itemsOf, pages, readPage } from "./page.ts";

Deno.test("only these commands are not run", () => {
  const found = pages().flatMap((page) => {
    const items = itemsOf(readPage(page));
    return items.flatMap((item) => item.kind === "not run" ? [`${page}: ${item.reason}`] : []);
  });
  deepStrictEqual(found, NOT_RUN);
});

/** The blocks that cannot run in a test, and why. */
const NOT_RUN = [
  "explanation/backup-format.md: asks for a passphrase; tests/backup/age_test.ts runs it",
  "explanation/backup-format.md: asks for a passphrase; tests/backup/age_test.ts runs it",
  "explanation/benchmarks.md: takes minutes, and needs a clone",
  "how-to/create-the-table.md: is a command of the Azu framework",
  "how-to/install.md: downloads a release",
  "how-to/install.md: needs the files of a release; tests/release/install_test.ts runs it",
  "how-to/install.md: needs root and the files of a release; tests/release/ installs it",
  "how-to/install.md: needs Homebrew",
  "how-to/install.md: needs Scoop",
  "how-to/install.md: needs mise",
  "how-to/install.md: needs the files of a release",
  "how-to/install.md: needs GitHub",
  "how-to/install.md: needs a clone; the tests compile it",
  "how-to/install.md: needs Docker; tests/binary/image_test.ts takes the same steps",
  "how-to/install.md: removes azu",
  "how-to/see-how-many-sessions-there-are.md: runs until Ctrl-C",
  "how-to/set-up-sessions.md: needs Crystal and GitHub",
  "how-to/switch-to-another-backend.md: needs the shards",
  "tutorial.md: downloads a release",
  "tutorial.md: needs Crystal and GitHub",
  "tutorial.md: needs the running app",
  "tutorial.md: needs the running app",
  "tutorial.md: stays in the foreground",
  "tutorial.md: needs Crystal and GitHub",
  "tutorial.md: needs the running app",
];
