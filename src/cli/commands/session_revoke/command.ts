import { evidenceOptions, removalOptions } from "../../operation_options.ts";
import { addExamples, newCommand, type Run } from "../../program.ts";
import { SELECTION_HELP, selectionOptions } from "../../selection_options.ts";

function definition() {
  const command = newCommand(
    "session:revoke",
    "Asks first, and shows how many sessions match and the first ten, unless you pass --force. " +
      "When it says that sessions are revoked, it has looked again and found none of those that " +
      "matched at the start. Sessions that match and were written meanwhile are reported. " +
      "Without a selection it does nothing: to log out everybody, use session:clear.\n\n" +
      `${SELECTION_HELP} Any other <time> is a number with ms, s or m.`,
  );
  const removal = evidenceOptions(removalOptions(command, "revoked"), "revoked");
  const selection = selectionOptions(command);
  addExamples(command, [
    ["Log out one user everywhere", "azu session:revoke --user 42"],
    ["Count first", "azu session:revoke --user 42 --dry-run"],
    ["End a session that session:list has shown", "azu session:revoke --handle kq3v7m2xw4ya"],
    ["End what nobody has used for a month", "azu session:revoke --idle 30d"],
    ["Log out everybody but two admins", "azu session:revoke --except-user 1 --except-user 2"],
    ["In a script that reads the result", "azu session:revoke --user 42 --force --json"],
  ]);
  return { command, options: () => ({ ...removal.opts(), ...selection.opts() }) };
}

export type SessionRevokeOptions = ReturnType<ReturnType<typeof definition>["options"]>;

/** `azu session:revoke` */
export function sessionRevokeCommand(run: Run) {
  const { command, options } = definition();
  return command.action(async () => {
    await run((await import("./action.ts")).sessionRevoke, options());
  });
}
