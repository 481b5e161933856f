import { checksNamed } from "../../../commands/session_doctor/checks.ts";
import { BACKEND, TIMEOUT } from "../../operation_options.ts";
import { addExamples, newCommand, type Run, values } from "../../program.ts";

/** The checks that a word names. */
const named = values(checksNamed, "the id of a check, or a group such as redis");

const definition = () =>
  addExamples(
    newCommand(
      "session:doctor",
      "Looks at the config, the secret, the app's source, the store and, with --url, the running " +
        "app. It changes nothing. Each check has an id and a result: ok (✓), a warning (!), a " +
        "failure (✗), or skipped (-) with the reason; and what was seen, and what helps.\n\n" +
        "--fix shows what it would change, and asks: permissions of files, a line in .gitignore, " +
        "columns and indexes that the table lacks. Everything else is left to you.",
    )
      .option(...BACKEND)
      .option("--only <check>", "Only this check or group, such as redis; may be repeated", named)
      .option("--skip <check>", "Not this check or group; may be repeated", named)
      .option("--url <url>", "A page of the running app: checks the cookie that it sets")
      .option("--ca <file>", "With --url: trust this certificate of an authority, too (PEM)")
      .option("--fix", "Make the changes that are safe, after a question")
      .option("-y, --yes", "With --fix: answer the question with yes")
      .option("--strict", "Fail if there are warnings, too")
      .option(...TIMEOUT),
    [
      ["Why do sessions not work?", "azu session:doctor"],
      ["Before a deployment, in CI", "azu session:doctor --only app --only secret --strict"],
      ["With the cookie of the running app", "azu session:doctor --url https://shop.example/"],
      ["Repair what can be repaired", "azu session:doctor --fix"],
    ],
  );

export type SessionDoctorOptions = ReturnType<ReturnType<typeof definition>["opts"]>;

/** `azu session:doctor` */
export function sessionDoctorCommand(run: Run) {
  return definition().action(async (options) => {
    await run((await import("./action.ts")).sessionDoctor, options);
  });
}
