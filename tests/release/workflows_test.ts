/** The workflows are valid, and run tasks that exist. */
import { deepStrictEqual, ok } from "node:assert/strict";
import { join } from "node:path";
import * as v from "valibot";
import { parse } from "yaml";
import deno from "../../deno.json" with { type: "json" };

const root = join(import.meta.dirname ?? "", "../..");

const workflow = v.object({
  permissions: v.strictObject({}),
  jobs: v.record(
    v.string(),
    v.object({
      permissions: v.record(v.string(), v.picklist(["read", "write"])),
      uses: v.optional(v.literal("./.github/workflows/ci.yml")),
      steps: v.optional(v.array(v.object({
        uses: v.optional(v.pipe(v.string(), v.regex(/^actions\/[a-z-]+@v\d+$/))),
        // An expression would become part of the shell script.
        run: v.optional(v.pipe(v.string(), v.excludes("${{"))),
      }))),
    }),
  ),
});

const planned = ["static", "ok", "test", "compile", "demo", "bench:startup"];
const tasks = [...planned, ...Object.keys(deno.tasks)];
for (const name of ["ci", "release"]) {
  Deno.test(`the workflow "${name}" is valid and runs tasks that exist`, async () => {
    const text = await Deno.readTextFile(join(root, `.github/workflows/${name}.yml`));
    const { jobs } = v.parse(workflow, parse(text));
    const used = Object.values(jobs).flatMap(({ steps = [] }) => steps)
      .flatMap(({ run = "" }) =>
        [...run.matchAll(/denow task (\S+)/g)].map(([, task = ""]) => task)
      );
    ok(used.length > 0);
    deepStrictEqual(used.filter((task) => !tasks.includes(task)), []);
  });
}
