/** The table of the checks of `session:doctor`. */
import { checkIds, checks } from "../../src/commands/session_doctor/checks.ts";
import { code, prose, table } from "./markdown.ts";

export function checksTable(): string {
  const rows = checkIds.map((id) => {
    const { title, fix } = checks[id];
    return [code(id), prose(title), prose(fix)];
  });
  return table(["check", "ok if", "what helps"], rows);
}
