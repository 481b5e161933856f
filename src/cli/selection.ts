/** Makes the selection that the options of a command state. */
import { isHandle } from "../backends/handle.ts";
import { UsageError } from "../core/errors.ts";
import { networksOf, type Selection, selectionOf } from "../core/selection.ts";
import { workingFolder } from "./load_project.ts";
import { namesFrom, STDIN } from "./name_lists.ts";
import type { GlobalOptions } from "./program.ts";
import type { SelectionFlags, When } from "./selection_options.ts";
import type { Host } from "./terminal/host.ts";

/** Whether names are read from standard input, so that there is nobody to ask. */
export function readsStdin({ usersFrom, handlesFrom }: SelectionFlags): boolean {
  return usersFrom === STDIN || handlesFrom === STDIN;
}

/**
 * @param now The time from which times ago are counted, in milliseconds.
 * @throws {UsageError} if a value is wrong, a file cannot be read, or options contradict each other.
 */
export async function selectionFor(
  host: Host,
  options: SelectionFlags & GlobalOptions,
  now: number,
): Promise<Selection> {
  const { usersFrom, handlesFrom, ip, createdBefore, createdAfter } = options;
  if (usersFrom === STDIN && handlesFrom === STDIN) {
    throw new UsageError("Only one of --users-from and --handles-from can read stdin");
  }
  networksOf(ip ?? []);
  checkHandles("--handle", options.handle ?? []);
  const before = timeOf(createdBefore, now);
  const after = timeOf(createdAfter, now);
  if (before !== undefined && after !== undefined && after >= before) {
    throw new UsageError(
      "No session can be created after --created-after and before " +
        "--created-before, because the latter is not later",
    );
  }
  const folder = await workingFolder(host, options);
  const names = async (option: string, file: string | undefined) => {
    return file === undefined ? undefined : await namesFrom(host, option, file, folder);
  };
  const fileHandles = await names("--handles-from", handlesFrom);
  checkHandles("--handles-from", fileHandles ?? []);
  return selectionOf({
    ...options,
    user: joined(options.user, await names("--users-from", usersFrom)),
    handle: joined(options.handle, fileHandles),
    createdBefore: before,
    createdAfter: after,
  }, now);
}

function joined(
  one: readonly string[] | undefined,
  other: readonly string[] | undefined,
): readonly string[] | undefined {
  return one === undefined ? other : [...one, ...other ?? []];
}

function timeOf(when: When | undefined, now: number): number | undefined {
  if (when === undefined) return undefined;
  return "ago" in when ? now - when.ago : when.at;
}

/** The error does not quote it: somebody may have taken a session id for a handle. */
function checkHandles(option: string, texts: readonly string[]): void {
  if (texts.every(isHandle)) return;
  throw new UsageError(
    `${option}: expected a handle, which has 12 characters (a to z and 2 to 7)`,
    { hint: "azu session:list shows the handles of sessions" },
  );
}
