import { BACKEND, BATCH, MAX_LATENCY, PAUSE, TIMEOUT } from "../../operation_options.ts";
import { schedulers } from "../../../commands/schedule.ts";
import { parseDuration } from "../../../core/duration.ts";
import { addExamples, choice, newCommand, type Run, value } from "../../program.ts";

const time = value(parseDuration, 'a time such as "10m" or "7d"');

const scheduler = value(
  (text) => schedulers.find((name) => name === text),
  schedulers.join(", "),
);

const definition = () =>
  addExamples(
    newCommand(
      "session:sweep",
      "Removes rows of sessions that have expired, in batches. It does not ask, because the app " +
        "accepts none of them any more. A session that is prolonged meanwhile stays, and so does a " +
        "row that another client has locked, for the next sweep. Redis removes expired sessions " +
        "itself: there, azu counts those that never expire, and --fix-ttl gives them the lifetime " +
        "of the config.\n\n" +
        "A <time> is a number with ms, s, m, h, d or w.",
    )
      .option(...BACKEND)
      .option("--dry-run", "Count what would be removed; remove nothing")
      .option(
        "--grace <time>",
        "Keep sessions that expired less than this ago",
        time,
      )
      .option(
        "--time-budget <time>",
        "Stop after this time, and leave the rest to the next sweep",
        time,
      )
      .option("--fix-ttl", "Redis: give sessions that never expire a lifetime (session.ttl)")
      .addOption(
        choice(
          "--schedule <scheduler>",
          `Print what runs this sweep every hour: ${schedulers.join(", ")}`,
          schedulers,
          scheduler,
        ),
      )
      .option(...BATCH)
      .option(...PAUSE)
      .option(...MAX_LATENCY)
      .option(...TIMEOUT),
    [
      ["Count what would be removed", "azu session:sweep --dry-run"],
      ["Every hour, from cron", "azu session:sweep --quiet --time-budget 10m"],
      ["Keep expired sessions for a week", "azu session:sweep --grace 7d"],
      ["Print a line for crontab", "azu session:sweep --env production --schedule cron"],
      ["Redis: what never expires", "azu session:sweep --fix-ttl"],
    ],
  );

export type SessionSweepOptions = ReturnType<ReturnType<typeof definition>["opts"]>;

/** `azu session:sweep` */
export function sessionSweepCommand(run: Run) {
  return definition().action(async (options) => {
    await run((await import("./action.ts")).sessionSweep, options);
  });
}
