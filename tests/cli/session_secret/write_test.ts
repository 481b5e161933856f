/** Writing a new secret into .env: what changes there, and when it is refused. */
import {
  deepStrictEqual,
  doesNotMatch,
  match,
  notStrictEqual,
  strictEqual,
} from "node:assert/strict";
import { parse } from "dotenv";
import { runAzu } from "../../support/cli.ts";
import { tempDir, writeTree } from "../../support/temp.ts";

const HEX = /^[0-9a-f]{64}$/;
/** What must never be printed. */
const OLD = "0ld-S3cret-that-nobody-may-ever-see!";
const OLDER = "0lder-S3cret-that-nobody-may-see";

async function appWith(env: string | undefined, files: Record<string, string> = {}) {
  const app = await tempDir();
  const all = { "shard.yml": "name: shop\n", ".gitignore": ".env\n", ...files };
  await writeTree(app.path, env === undefined ? all : { ...all, ".env": env });
  const path = `${app.path}/.env`;
  return {
    path: app.path,
    read: () => Deno.readTextFile(path),
    /** Runs the command, and checks that it prints no secret: neither an old one nor the new one. */
    async azu(...args: string[]) {
      const result = await runAzu(["session:secret", ...args], { cwd: app.path });
      const printed = result.stdout + result.stderr;
      doesNotMatch(printed, /[0-9a-f]{64}/);
      for (const secret of [OLD, OLDER]) strictEqual(printed.includes(secret), false, printed);
      return result;
    },
    [Symbol.asyncDispose]: () => app[Symbol.asyncDispose](),
  };
}

Deno.test("a first secret gets into a new .env that only its owner can read", async () => {
  await using app = await appWith(undefined);
  const { code, stdout, stderr } = await app.azu("--write");
  match(stdout, /^ {2}create {5}\.env\n {4}new line: SESSION_SECRET=<new secret>\n✓ Written to /);
  deepStrictEqual([code, stderr], [0, ""]);
  match(await app.read(), /^SESSION_SECRET=[0-9a-f]{64}\n$/);
  if (Deno.build.os !== "windows") {
    strictEqual(((await Deno.stat(`${app.path}/.env`)).mode ?? 0) & 0o777, 0o600);
  }
});

Deno.test("a secret that is there is neither replaced nor shown", async () => {
  const env = `A=1\nSESSION_SECRET=${OLD}\n`;
  await using app = await appWith(env);
  const { code, stderr } = await app.azu("--write");
  strictEqual(code, 1);
  match(stderr, /^error: \.env has a SESSION_SECRET already \(line 2\); nothing was changed\n/);
  match(stderr, /Pass --rotate to keep it in SESSION_SECRET_PREVIOUS, or --force to replace it/);
  strictEqual(await app.read(), env);
  strictEqual((await app.azu("--write", "--force")).code, 0);
  match(await app.read(), /^A=1\nSESSION_SECRET=[0-9a-f]{64}\n$/);
});

/** Files in odd forms: what is before and behind the two values stays. */
const FORMS: Readonly<Record<string, readonly [before: string, after: RegExp]>> = {
  plain: [
    `SESSION_SECRET=${OLD}\n`,
    /^SESSION_SECRET=[0-9a-f]{64}\nSESSION_SECRET_PREVIOUS='0ld[^']*'\n$/,
  ],
  "quotes, a comment and export": [
    `# mine\nexport SESSION_SECRET="${OLD}" # keep\nB='x=#y'\n`,
    /^# mine\nexport SESSION_SECRET=[0-9a-f]{64} # keep\nB='x=#y'\nSESSION_SECRET_PREVIOUS='0ld[^']*'\n$/,
  ],
  "CRLF, and no final newline": [
    `A=1\r\nSESSION_SECRET=${OLD}\r\nSESSION_SECRET_PREVIOUS=${OLDER}`,
    /^A=1\r\nSESSION_SECRET=[0-9a-f]{64}\r\nSESSION_SECRET_PREVIOUS='0ld[^']*,0lder[^']*'$/,
  ],
  "blanks, a colon and a byte order mark": [
    `\ufeff  SESSION_SECRET:  '${OLD}'  \n`,
    /^\ufeff {2}SESSION_SECRET: {2}[0-9a-f]{64} {2}\nSESSION_SECRET_PREVIOUS='0ld[^']*'\n$/,
  ],
  "an empty list, and a value of several lines that looks like ours": [
    `PEM="-----\nSESSION_SECRET=no\n-----"\nSESSION_SECRET=${OLD}\nSESSION_SECRET_PREVIOUS=\nC=3\n`,
    /^PEM="-----\nSESSION_SECRET=no\n-----"\nSESSION_SECRET=[0-9a-f]{64}\nSESSION_SECRET_PREVIOUS='0ld[^']*'\nC=3\n$/,
  ],
};

for (const [form, [before, after]] of Object.entries(FORMS)) {
  Deno.test(`rotated in a file with ${form}`, async () => {
    await using app = await appWith(before);
    const planned = await app.azu("--rotate", "--write", "--dry-run");
    match(planned.stdout, /SESSION_SECRET[=:] ?<hidden> → .*<new secret>\n/);
    match(planned.stdout, /SESSION_SECRET_PREVIOUS=<old secret first>\nDry run: nothing was/);
    strictEqual(await app.read(), before);

    const { code, stderr } = await app.azu("--rotate", "--write");
    deepStrictEqual([code, stderr.replace(/^warning: Others than its owner.*\n/, "")], [0, ""]);
    const text = await app.read();
    match(text, after);
    const values = parse(text);
    const earlier = before.includes(OLDER) ? [OLD, OLDER] : [OLD];
    match(values["SESSION_SECRET"] ?? "", HEX);
    deepStrictEqual(values["SESSION_SECRET_PREVIOUS"]?.split(","), earlier);
    deepStrictEqual({ ...values, SESSION_SECRET: "", SESSION_SECRET_PREVIOUS: "" }, {
      ...parse(before),
      SESSION_SECRET: "",
      SESSION_SECRET_PREVIOUS: "",
    });

    // A second time, the list grows at its front.
    strictEqual((await app.azu("--rotate", "--write", "--json")).code, 0);
    const again = parse(await app.read());
    notStrictEqual(again["SESSION_SECRET"], values["SESSION_SECRET"]);
    deepStrictEqual(again["SESSION_SECRET_PREVIOUS"]?.split(","), [
      values["SESSION_SECRET"],
      ...earlier,
    ]);
  });
}

/** Each is refused, and the file stays as it is. */
const REFUSED: Readonly<Record<string, readonly [env: string, problem: RegExp]>> = {
  "no secret to rotate": ["SESSION_SECRET=\n", /has no SESSION_SECRET to rotate/],
  duplicates: [
    `SESSION_SECRET=${OLD}\nA=1\nexport SESSION_SECRET=${OLDER}\n`,
    /sets SESSION_SECRET more than once \(lines 1, 3\)/,
  ],
  "a comma in the secret": [`SESSION_SECRET="${OLD},${OLDER}"\n`, /contains a comma/],
  "quotes of all kinds": [
    `SESSION_SECRET=\`${OLD}'"${OLDER}\`\n`,
    /cannot change \.env for certain/,
  ],
  "a # without quotes": [
    `SESSION_SECRET=${OLD}#more\n`,
    /the value of SESSION_SECRET contains a "#"/,
  ],
};

for (const [name, [env, problem]] of Object.entries(REFUSED)) {
  Deno.test(`not rotated: ${name}`, async () => {
    await using app = await appWith(env);
    for (const mode of [[], ["--json"]]) {
      const { code, stderr } = await app.azu("--rotate", "--write", ...mode);
      notStrictEqual(code, 0);
      match(stderr, problem);
    }
    strictEqual(await app.read(), env);
  });
}

Deno.test("not written: a folder, a link, a file that is not text", async () => {
  await using app = await appWith(undefined, { elsewhere: "" });
  const path = `${app.path}/.env`;
  await Deno.mkdir(path);
  match((await app.azu("--write")).stderr, /Cannot read .*\.env: it is not a file/);
  await Deno.remove(path);
  if (Deno.build.os !== "windows") {
    await Deno.symlink(`${app.path}/elsewhere`, path);
    match((await app.azu("--write")).stderr, /\.env is a symbolic link; nothing was changed/);
    strictEqual(await Deno.readTextFile(`${app.path}/elsewhere`), "");
    await Deno.remove(path);
  }
  await Deno.writeFile(path, new Uint8Array([0xff, 0xfe]));
  match((await app.azu("--write")).stderr, /Cannot read .*\.env: it is not UTF-8/);
});

Deno.test("the mode of .env is kept, also if it is read-only", {
  ignore: Deno.build.os === "windows",
}, async () => {
  for (const [mode, warns] of [[0o400, false], [0o640, true]] as const) {
    await using app = await appWith(`SESSION_SECRET=${OLD}\n`);
    await Deno.chmod(`${app.path}/.env`, mode);
    const { code, stderr } = await app.azu("--rotate", "--write");
    strictEqual(code, 0);
    strictEqual(/Others than its owner can read or change \.env \(mode 0640\)/.test(stderr), warns);
    strictEqual(((await Deno.stat(`${app.path}/.env`)).mode ?? 0) & 0o777, mode);
    deepStrictEqual(
      (await Array.fromAsync(Deno.readDir(app.path))).map(({ name }) => name).sort(),
      [
        ".env",
        ".gitignore",
        "shard.yml",
      ],
    );
  }
});

Deno.test("a secret in the environment hides the one in .env", async () => {
  await using app = await appWith(undefined);
  const { code, stderr } = await runAzu(["session:secret", "--write"], {
    cwd: app.path,
    env: { SESSION_SECRET: OLD },
  });
  match(stderr, /^warning: SESSION_SECRET is also set in the environment, which takes precedence/);
  deepStrictEqual([code, stderr.includes(OLD)], [0, false]);
});
