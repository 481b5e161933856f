/** Where a backup is written, and what is left if it is not finished. */
import { deepStrictEqual, match, ok, rejects, strictEqual } from "node:assert/strict";
import { join } from "node:path";
import { createBackup } from "../../src/backup/write.ts";
import { OperationError, UsageError } from "../../src/core/errors.ts";
import { smallDisk } from "../support/small_disk.ts";
import { tempDir } from "../support/temp.ts";
import { CANARIES, HEADER, PASSPHRASE, readBackup, refusalOf, sessions } from "./backups.ts";

const WRITE = "../../src/backup/write.ts";
const CONFIG = join(import.meta.dirname ?? "", "../../deno.json");
const plain = { header: HEADER, passphrase: undefined, overwrite: false };
const posix = { ignore: Deno.build.os === "windows" };

function names(folder: string): string[] {
  return [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
}

Deno.test("only its owner may read it, from the first byte on", posix, async () => {
  await using folder = await tempDir();
  const path = join(folder.path, "backup.azu");
  const before = Deno.umask(0);
  try {
    await using backup = await createBackup(path, plain);
    const [partial = ""] = names(folder.path);
    match(partial, /^backup\.azu\.[0-9a-f]{8}\.partial$/);
    const mode = async (name: string) => ((await Deno.stat(name)).mode ?? 0) & 0o777;
    strictEqual(await mode(join(folder.path, partial)), 0o600);
    await backup.finish();
    deepStrictEqual(names(folder.path), ["backup.azu"]);
    strictEqual(await mode(path), 0o600);
  } finally {
    Deno.umask(before);
  }
});

Deno.test("a file that exists is only replaced if that is asked for", async () => {
  await using folder = await tempDir();
  const path = join(folder.path, "backup.azu");
  await Deno.writeTextFile(path, "mine");
  await rejects(createBackup(path, plain), (error) => {
    ok(error instanceof UsageError);
    match(error.message, /backup\.azu already exists; nothing was changed$/);
    return true;
  });
  const replacing = await createBackup(path, { ...plain, overwrite: true });
  await replacing.write(sessions(3));
  strictEqual(await Deno.readTextFile(path), "mine");
  await replacing.finish();
  strictEqual((await readBackup(path, undefined)).length, 3);
  deepStrictEqual(names(folder.path), ["backup.azu"]);
});

Deno.test("a file that appears meanwhile is not replaced either", async () => {
  await using folder = await tempDir();
  const path = join(folder.path, "backup.azu");
  {
    await using backup = await createBackup(path, plain);
    await Deno.writeTextFile(path, "mine");
    await rejects(backup.finish(), UsageError);
  }
  strictEqual(await Deno.readTextFile(path), "mine");
  deepStrictEqual(names(folder.path), ["backup.azu"]);
});

Deno.test("what is not a file is never replaced", posix, async () => {
  await using folder = await tempDir();
  await Deno.mkdir(join(folder.path, "folder"));
  await Deno.symlink("elsewhere", join(folder.path, "link"));
  await new Deno.Command("mkfifo", { args: [join(folder.path, "fifo")] }).output();
  for (const name of ["folder", "link", "fifo"]) {
    const created = createBackup(join(folder.path, name), { ...plain, overwrite: true });
    await rejects(created, { name: "UsageError", message: /that is not a file$/ });
  }
  deepStrictEqual(names(folder.path), ["fifo", "folder", "link"]);
});

Deno.test("a folder that is missing, and one that is a file", async () => {
  await using folder = await tempDir();
  await Deno.writeTextFile(join(folder.path, "file"), "");
  for (const name of ["missing", "file"]) {
    const created = createBackup(join(folder.path, name, "backup.azu"), plain);
    await rejects(created, (error) => {
      ok(error instanceof OperationError);
      match(error.message, /^Cannot write the backup .*backup\.azu: /);
      match(error.hint ?? "", /folder exists/);
      return true;
    });
  }
});

Deno.test("one that is not finished leaves nothing", async () => {
  await using folder = await tempDir();
  {
    await using backup = await createBackup(join(folder.path, "backup.azu"), plain);
    await backup.write(sessions(5000));
  }
  deepStrictEqual(names(folder.path), []);
});

Deno.test("a full disk is reported, and leaves nothing", async () => {
  await using disk = await smallDisk(2);
  if (disk === undefined) return;
  await disk.filled(async () => {
    await using backup = await createBackup(join(disk.path, "backup.azu"), plain);
    const write = async () => {
      for (let batch = 0; batch < 50; batch++) await backup.write(sessions(5000));
    };
    await rejects(write, (error) => {
      ok(error instanceof OperationError);
      match(error.message, /^Cannot write the backup .*backup\.azu: .*No space left/);
      return true;
    });
  }, 100_000);
  deepStrictEqual(names(disk.path), []);
});

Deno.test("a process that is killed leaves nothing that looks like a backup", posix, async () => {
  await using folder = await tempDir();
  const program = join(folder.path, "killed.ts");
  await Deno.writeTextFile(program, killedBeforeRename(join(folder.path, "backup.azu")));
  const { stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-all", "--no-check", "--config", CONFIG, program],
  }).output();
  strictEqual(new TextDecoder().decode(stderr), "");
  const [left = "", ...others] = names(folder.path);
  match(left, /^backup\.azu\.[0-9a-f]{8}\.partial$/);
  deepStrictEqual(others, ["killed.ts"]);
});

/** A program that writes a whole backup, and dies before that gets its name. */
function killedBeforeRename(path: string): string {
  const options = { header: HEADER, passphrase: PASSPHRASE, overwrite: false };
  return `
    import { createBackup } from ${JSON.stringify(import.meta.resolve(WRITE))};
    import { sessions } from ${JSON.stringify(import.meta.resolve("./backups.ts"))};
    const backup = await createBackup(${JSON.stringify(path)}, ${JSON.stringify(options)});
    await backup.write(sessions(20_000));
    Deno.rename = () => {
      Deno.kill(Deno.pid, "SIGKILL");
      return new Promise(() => {});
    };
    await backup.finish();
  `;
}

Deno.test("nothing readable is on the disk while an encrypted one is written", async () => {
  await using folder = await tempDir();
  await using backup = await createBackup(join(folder.path, "backup.azu"), {
    ...plain,
    passphrase: PASSPHRASE,
  });
  await backup.write(sessions(20_000));
  const [partial = ""] = names(folder.path);
  const bytes = await Deno.readFile(join(folder.path, partial));
  ok(bytes.length > 100_000);
  const text = new TextDecoder("latin1").decode(bytes);
  for (const canary of [...CANARIES, "azu-backup", "\x1f\x8b\x08\x00\x00\x00"]) {
    ok(!text.includes(canary), canary);
  }
  const refused = await refusalOf(join(folder.path, partial), PASSPHRASE);
  match(refused.message, /truncated/);
});
