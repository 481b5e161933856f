/** Every command that the README shows works word for word in a clone. */
import { strictEqual } from "node:assert/strict";
import { join } from "node:path";

const root = join(import.meta.dirname ?? "", "..");

/** These run this very suite. */
const suites = ["./denow task test", "./denow task ok"];

const readme = await Deno.readTextFile(join(root, "README.md"));
const commands = [...readme.matchAll(/^```sh\n([^]*?)^```$/gm)]
  .flatMap((block) => (block[1] ?? "").split("\n"))
  .map((line) => line.replace(/\s*#.*$/, "").trim())
  .filter((line) => line !== "" && !suites.includes(line));

Deno.test("the README shows commands", () => strictEqual(commands.length >= 4, true));

for (const command of commands) {
  Deno.test(`README: ${command}`, async () => {
    const { code, stderr } = await new Deno.Command("sh", {
      args: ["-c", command],
      cwd: root,
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).output();
    strictEqual(code, 0, new TextDecoder().decode(stderr));
  });
}
