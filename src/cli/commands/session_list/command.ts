import { type Sort, sortFields } from "../../../commands/session_list/sort.ts";
import { BACKEND, BATCH, MAX_LATENCY, PAUSE, TIMEOUT } from "../../operation_options.ts";
import { addExamples, choice, newCommand, type Run, value } from "../../program.ts";
import { SELECTION_HELP, selectionOptions } from "../../selection_options.ts";
import { fieldNames, formats, isOneOf } from "../../sessions/names.ts";

const limit = value(
  (text) => text === "all" || /^[1-9]\d{0,11}$/.test(text) ? text : undefined,
  'a whole number from 1, or "all"',
);

const format = value(
  (text) => isOneOf(formats, text) ? text : undefined,
  formats.join(", "),
);

const listedFields = value((text) => {
  const words = text.split(",").map((word) => word.trim());
  const names = words.filter((word) => isOneOf(fieldNames, word));
  const isRight = names.length === words.length && new Set(names).size === names.length;
  return isRight ? names : undefined;
}, `some of ${fieldNames.join(",")}`);

const order = value((text): Sort | undefined => {
  const [, minus = "", field = ""] = /^(-?)(.*)$/.exec(text) ?? [];
  return isOneOf(sortFields, field) ? { field, isDescending: minus === "-" } : undefined;
}, `${sortFields.join(", ")}, or one of them after a -`);

function definition() {
  const command = newCommand(
    "session:list",
    "A session is shown by its handle, which names it and gives no access to it. session:revoke " +
      "takes handles. Session ids and payloads are never shown. Without --sort, the sessions come " +
      "in no particular order, and azu stops reading at the limit. What the store cannot tell is " +
      "shown as ?, and a session without a user as -.\n\n" +
      "json is one document. ndjson (JSON on each line), csv and handles are written while the " +
      "sessions are read, so they can be of any size. In csv, a text that begins with one of " +
      "= + - @ is preceded by an apostrophe, so that no spreadsheet runs it.\n\n" +
      SELECTION_HELP,
  );
  const own = command
    .option(...BACKEND)
    .option("--limit <n>", 'The most sessions, or "all" (default: 50)', limit)
    .addOption(
      choice(
        "--sort <field>",
        `By ${sortFields.join(", ")}; - before it: descending`,
        [...sortFields, ...sortFields.map((field) => `-${field}`)],
        order,
      ),
    )
    .addOption(
      choice("--fields <list>", "The fields, with commas between them", fieldNames, listedFields),
    )
    .addOption(
      choice("--format <format>", `${formats.join(", ")} (default: table)`, formats, format),
    )
    .option("--count", "Show only how many there are")
    .option(...BATCH)
    .option(...PAUSE)
    .option(...MAX_LATENCY)
    .option(...TIMEOUT);
  const selection = selectionOptions(command);
  addExamples(command, [
    ["Who is logged in", "azu session:list --logged-in --sort -visited"],
    ["The sessions of one user", "azu session:list --user 42"],
    ["How many sessions have expired", "azu session:list --expired --count"],
    ["All sessions, for a spreadsheet", "azu session:list --limit all --format csv"],
    [
      "Pass them on: revoke what comes from an address",
      "azu session:list --ip 203.0.113.7 --limit all --format handles |\n" +
      "    azu session:revoke --handles-from - --force",
    ],
  ]);
  return { command, options: () => ({ ...own.opts(), ...selection.opts() }) };
}

export type SessionListOptions = ReturnType<ReturnType<typeof definition>["options"]>;

/** `azu session:list` */
export function sessionListCommand(run: Run) {
  const { command, options } = definition();
  return command.action(async () => {
    const given = options();
    // The reporter must know that there will be one document.
    const json = given.format === "json" ? { json: true as const } : {};
    await run((await import("./action.ts")).sessionList, { ...given, ...json });
  });
}
