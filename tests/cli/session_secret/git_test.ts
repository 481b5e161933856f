/** No secret gets into a file that git may commit. The repositories are made by git itself. */
import { match, strictEqual } from "node:assert/strict";
import { runAzu } from "../../support/cli.ts";
import { tempDir, writeTree } from "../../support/temp.ts";

async function git(cwd: string, ...args: string[]): Promise<void> {
  const identity = ["-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "init.defaultBranch=main"];
  const { success, stderr } = await new Deno.Command("git", {
    args: [...identity, ...args],
    cwd,
    env: { GIT_CONFIG_GLOBAL: "/dev/null", GIT_CONFIG_SYSTEM: "/dev/null" },
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
}

const hasGit = await new Deno.Command("git", { args: ["--version"] }).output()
  .then(({ success }) => success, () => false);
const needsGit = { ignore: !hasGit };

const write = (cwd: string) => runAzu(["session:secret", "--write", "--force"], { cwd });

Deno.test("a file that no .gitignore ignores", async () => {
  await using app = await tempDir();
  for (
    const [gitignore, reason] of [["", /no \.gitignore of/], ["*\n!.env\n", /a line in/]] as const
  ) {
    await writeTree(app.path, { "shard.yml": "name: shop\n", ".gitignore": gitignore });
    const { code, stderr } = await write(app.path);
    match(stderr, reason);
    match(stderr, /; nothing was changed\nAdd the line \.env to \.gitignore\n$/);
    strictEqual(code, 1);
  }
});

Deno.test("the .gitignore of the repository, above the app", needsGit, async () => {
  await using repository = await tempDir();
  const app = `${repository.path}/apps/shop`;
  await git(repository.path, "init");
  await writeTree(repository.path, {
    "apps/shop/shard.yml": "name: shop\n",
    ".gitignore": "*.env\n",
  });
  strictEqual((await write(app)).code, 0);
  // The nearer file decides.
  await writeTree(app, { ".gitignore": "!.env\n" });
  strictEqual((await write(app)).code, 1);
  // What is above the repository does not count.
  await writeTree(repository.path, { ".gitignore": "*.env\n" });
  await writeTree(app, { ".gitignore": "" });
  await git(app, "init");
  strictEqual((await write(app)).code, 1);
});

const TRACKED = /^error: git tracks \.env in .*; nothing was changed\nStop it with git rm --cached/;

Deno.test("a file that is ignored, and tracked all the same", needsGit, async () => {
  for (const format of ["2", "split", "4", "intended", "sha256"]) {
    await using repository = await tempDir();
    const app = `${repository.path}/apps/shop`;
    const top = repository.path;
    await writeTree(top, {
      ".gitignore": ".env\n",
      ".env": "A=1\n",
      "apps/shop/shard.yml": "name: shop\n",
      "apps/shop/.env": "SESSION_SECRET=\n",
      // Names that contain ours.
      "apps/shop/.env.example": "",
      "apps/shop/x/apps/shop/.env": "",
      "apps/shop/not.env": "",
    });
    await git(top, "init", ...format === "sha256" ? ["--object-format=sha256"] : []);
    await git(top, "add", "--force", ".");
    await git(top, "rm", "--cached", "--quiet", "apps/shop/.env");
    if (format !== "4") strictEqual((await write(app)).code, 0, format);

    const intent = format === "intended" ? ["--intent-to-add"] : [];
    await git(top, "add", "--force", ...intent, "apps/shop/.env");
    if (format === "split") await git(top, "update-index", "--split-index");
    if (format === "4") await git(top, "update-index", "--index-version", "4");
    const { code, stderr } = await write(app);
    strictEqual(code, 1, format);
    match(stderr, format === "4" ? /cannot read the index of git/ : TRACKED, format);
  }
});

Deno.test("a linked working tree has an index of its own", needsGit, async () => {
  await using repository = await tempDir();
  const main = `${repository.path}/main`;
  await writeTree(main, { "shard.yml": "name: shop\n", ".gitignore": ".env\n", ".env": "A=1\n" });
  await git(main, "init");
  await git(main, "add", "--force", ".");
  await git(main, "commit", "--quiet", "--message", "all");
  await git(main, "worktree", "add", "--quiet", "../linked");
  await git(main, "rm", "--cached", "--quiet", ".env");
  strictEqual((await write(main)).code, 0);
  match((await write(`${repository.path}/linked`)).stderr, TRACKED);
});
