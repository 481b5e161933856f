/** The workflows are valid, and run tasks that exist. */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { join } from "node:path";
import * as v from "valibot";
import { parse } from "yaml";
import deno from "../../deno.json" with { type: "json" };

const root = join(import.meta.dirname ?? "", "../..");

const folder = join(root, ".github/workflows");
const names = Array.from(Deno.readDirSync(folder), ({ name }) => name).sort();

const WorkflowSchema = v.object({
  permissions: v.strictObject({}),
  jobs: v.record(
    v.string(),
    v.object({
      permissions: v.record(v.string(), v.picklist(["read", "write"])),
      needs: v.optional(v.union([v.string(), v.array(v.string())]), []),
      uses: v.optional(v.literal("./.github/workflows/ci.yml")),
      steps: v.optional(v.array(v.object({
        // An expression would become part of the shell script.
        run: v.optional(v.pipe(v.string(), v.excludes("${{"))),
      }))),
    }),
  ),
});

for (const name of names) {
  const text = await Deno.readTextFile(join(folder, name));

  Deno.test(`${name} is valid, and runs tasks that exist`, () => {
    const { jobs } = v.parse(WorkflowSchema, parse(text));
    const scripts = Object.values(jobs).flatMap(({ steps = [] }) => steps)
      .map(({ run = "" }) => run);
    const tasks = scripts.flatMap((script) =>
      Array.from(script.matchAll(/denow task ([\w:]+)/g), ([, task = ""]) => task)
    );
    ok(tasks.length > 0);
    deepStrictEqual(tasks.filter((task) => !(task in deno.tasks)), []);
    for (const { needs } of Object.values(jobs)) {
      deepStrictEqual([needs].flat().filter((job) => !(job in jobs)), []);
    }
  });

  Deno.test(`${name} pins actions to commits, and names their releases`, () => {
    const actions = Array.from(text.matchAll(/^.*\buses: (?!\.\/)(.*)$/gm), ([, action]) => action);
    ok(actions.length > 0);
    for (const action of actions) {
      match(action ?? "", /^actions\/[a-z-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
    }
  });
}

Deno.test("the release is published only after all tests have passed", async () => {
  const text = await Deno.readTextFile(join(folder, "release.yml"));
  const { jobs } = v.parse(WorkflowSchema, parse(text));
  const writers = Object.entries(jobs).filter(([, { permissions }]) =>
    Object.values(permissions).includes("write")
  );
  deepStrictEqual(writers.map(([name]) => name), ["publish", "npm"]);
  deepStrictEqual(jobs["publish"]?.needs, ["test", "linux", "elsewhere"]);
  strictEqual(jobs["npm"]?.needs, "publish");
});
