import { figureNames } from "../../../backends/survey.ts";
import { parseLimit } from "../../../commands/session_status/limits.ts";
import { parseDuration } from "../../../core/duration.ts";
import { BACKEND, BATCH, MAX_LATENCY, PAUSE, TIMEOUT } from "../../operation_options.ts";
import { addExamples, choice, newCommand, type Run, value, values } from "../../program.ts";

const formats = ["screen", "json", "openmetrics"] as const;

/** The time between two screens, in milliseconds, if none is given. */
const USUAL_REST = 5000;

const definition = () =>
  addExamples(
    newCommand(
      "session:status",
      "Shows how many sessions there are, how long they still live, how old they are, the space that " +
        "they take, and what endangers them: evictions in Redis, dead rows in PostgreSQL. Sessions " +
        "are counted exactly. What is marked with ≈ is an estimate: by the server, or from up to 2,000 " +
        "sessions chosen at random.\n\n" +
        `--fail-if takes one of the figures ${figureNames.join(", ")}; one of > >= < <= =; and a ` +
        "number. Sizes are in bytes.",
    )
      .option(...BACKEND)
      .option("--quick", "Estimate all figures, in a time that does not depend on their number")
      .option(
        "--watch [time]",
        "Show it again and again, this long after each other (default: 5s)",
        value(parseDuration, 'a time such as "5s" or "1m"'),
      )
      .addOption(
        choice(
          "--format <format>",
          `${formats.join(", ")} (default: screen)`,
          formats,
          value((text) => formats.find((format) => format === text), formats.join(", ")),
        ),
      )
      .option(
        "--fail-if <condition>",
        'Exit with 1 if it is met: "expired > 100000" (may be repeated)',
        values(
          parseLimit,
          `a condition such as "expired > 100000", on one of ${figureNames.join(", ")}`,
        ),
      )
      .option(...BATCH)
      .option(...PAUSE)
      .option(...MAX_LATENCY)
      .option(...TIMEOUT),
    [
      ["How many sessions there are", "azu session:status"],
      ["Watch them", "azu session:status --watch"],
      [
        "For a monitor: fail if Redis has evicted anything",
        'azu session:status --quick --quiet --fail-if "evicted > 0"',
      ],
      [
        "For Prometheus: a file for the textfile collector",
        "azu session:status --format openmetrics > azu.prom",
      ],
    ],
  );

type Given = ReturnType<ReturnType<typeof definition>["opts"]>;

export type SessionStatusOptions = Omit<Given, "watch"> & {
  /** Milliseconds between two screens. */
  readonly watch?: number | undefined;
};

/** `azu session:status` */
export function sessionStatusCommand(run: Run) {
  return definition().action(async ({ watch, ...options }) => {
    // The reporter must know that there will be one document.
    const json = options.format === "json" ? { json: true as const } : {};
    const rest = watch === undefined ? {} : { watch: watch === true ? USUAL_REST : Number(watch) };
    await run((await import("./action.ts")).sessionStatus, { ...options, ...json, ...rest });
  });
}
