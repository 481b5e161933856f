import { BATCH, MAX_LATENCY, PAUSE, TIMEOUT } from "../../operation_options.ts";
import { schedulers } from "../../../commands/schedule.ts";
import { addExamples, choice, newCommand, type Run, value } from "../../program.ts";
import { SELECTION_HELP, selectionOptions } from "../../selection_options.ts";

const scheduler = value(
  (text) => schedulers.find((name) => name === text),
  schedulers.join(", "),
);

function definition() {
  const command = newCommand(
    "session:copy",
    "Copies live sessions from one backend to another, or to or from a backup file: payloads byte " +
      "for byte, and each expiry to the millisecond if the target can hold it, never later. The " +
      "source is only read. A session that the target has is replaced only if the source's was " +
      "visited later. What was removed at the target since the last copy is not brought back. Both " +
      "backends are those of one environment. Asks first, unless you pass --force. It is safe to " +
      "repeat.\n\n" +
      "With --remove-ended, it also removes at the target what copies have put there and what has " +
      "ended at the source since, unless the app has written it there. It removes nothing if most " +
      "sessions seem to have ended: the source may be incomplete.\n\n" +
      "At the end it reads the source again and compares every session with the target. A check " +
      "mark means that nothing is missing there.\n\n" +
      "A name with a slash, or one that ends in .azu, .age or .gz, is a backup file, unless a " +
      "backend has that name. A file is encrypted with a passphrase: that in " +
      "AZU_BACKUP_PASSPHRASE, or one that azu asks for. It is read again before it gets its name, " +
      "and checked as a whole before anything is restored from it.\n\n" +
      "With --reseal, it copies nothing: in place, it seals those sessions with SESSION_SECRET that " +
      "one of SESSION_SECRET_PREVIOUS has sealed. Then it reads all of them again. A check mark " +
      "means that none needs an older secret.\n\n" +
      `${SELECTION_HELP} Any other <time> is a number with ms, s or m, or a number of milliseconds.`,
  );
  const own = command
    .option("--from <place>", "Where the sessions are: a backend, or a backup file")
    .option("--to <place>", "Where to copy them: a backend, or a file for a new backup")
    .option("--reseal", "In place: seal with SESSION_SECRET what an older secret has sealed")
    .option("-f, --force", "Do not ask")
    .option("-y, --yes", "Answer the question with yes: the same as --force")
    .option("--dry-run", "Read both, and count what would be copied; write nothing")
    .option("--restore-removed", "Copy also what was removed at the target since the last copy")
    .option("--overwrite", "Replace a backup file that exists, once the new one is complete")
    .option("--no-encrypt", "Write a backup file without encryption")
    .option("--remove-ended", "Remove at the target what copies put there and has ended since")
    .option("--remove-most", "With --remove-ended: also if most of them have ended")
    .option(
      "--ledger <file>",
      "What earlier copies have put at the target (default: a file in ~/.local/state/azu)",
    )
    .option("--failed <file>", "Write the handles of sessions that cannot be copied, with reasons")
    .addOption(
      choice(
        "--schedule <scheduler>",
        `Print what runs this copy every hour: ${schedulers.join(", ")}`,
        schedulers,
        scheduler,
      ),
    )
    .option(...BATCH)
    .option(...PAUSE)
    .option(...MAX_LATENCY)
    .option(...TIMEOUT);
  const selection = selectionOptions(command);
  addExamples(command, [
    ["Count what would be copied", "azu session:copy --from redis --to database --dry-run"],
    ["Copy every session", "azu session:copy --from redis --to database"],
    ["Only those of logged-in users", "azu session:copy --from redis --to database --logged-in"],
    [
      "Remove also what has ended at the source since the last copy",
      "azu session:copy --from redis --to database --remove-ended",
    ],
    [
      "Write a backup, encrypted with a passphrase",
      "azu session:copy --from redis --to backup.azu",
    ],
    ["Restore it", "azu session:copy --from backup.azu --to redis"],
    [
      "Every hour, from cron",
      "azu session:copy --from redis --to database --schedule cron",
    ],
    ["After a new secret, so that the old one can be dropped", "azu session:copy --reseal"],
  ]);
  return { command, options: () => ({ ...own.opts(), ...selection.opts() }) };
}

export type SessionCopyOptions = ReturnType<ReturnType<typeof definition>["options"]>;

/** `azu session:copy` */
export function sessionCopyCommand(run: Run) {
  const { command, options } = definition();
  return command.action(async () => {
    await run((await import("./action.ts")).sessionCopy, options());
  });
}
