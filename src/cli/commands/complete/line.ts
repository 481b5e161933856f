/** Reads a command line that is not complete yet. */
import type { AnyCommand } from "../../program.ts";

export type Option = AnyCommand["options"][number];

/** A long option and its value in one word. */
const ATTACHED = /^(--[^=]+)=(.*)$/s;

/** What the words say about the cursor. */
export interface Line {
  readonly program: AnyCommand;
  /** The command, if one stands before the cursor. */
  readonly command: AnyCommand | undefined;
  /** The option whose value stands at the cursor. */
  readonly option: Option | undefined;
  /** What stands before that value in the same word, as in `--format=`. */
  readonly prefix: string;
  /** The word, or the value, up to the cursor. */
  readonly current: string;
  /** How many arguments of the command stand before the cursor. */
  readonly given: number;
  /** The values of options before the cursor, by the names of their properties. */
  readonly values: ReadonlyMap<string, string>;
}

/** @throws if the words before the cursor cannot be understood. */
export function readLine(
  program: AnyCommand,
  words: readonly string[],
  current: string,
): Line {
  let command: AnyCommand | undefined;
  let option: Option | undefined;
  let given = 0;
  const values = new Map<string, string>();
  const find = (flag: string) => optionOf(command, flag) ?? optionOf(program, flag);
  for (const word of words) {
    if (option !== undefined) {
      values.set(option.attributeName(), word);
      option = undefined;
    } else if (word === "--") {
      throw new Error("no command takes words after --");
    } else if (word.startsWith("-")) {
      const { flag, value } = flagIn(word);
      const found = find(flag);
      if (found === undefined || !found.required) continue;
      if (value === undefined) option = found;
      else values.set(found.attributeName(), value);
    } else if (command === undefined) {
      command = program.commands.find((one) => one.name() === word);
      if (command === undefined) throw new Error(`${word} is not a command`);
    } else given++;
  }
  const line = { program, command, given, values };
  const [, flag, value = ""] = ATTACHED.exec(current) ?? [];
  if (option === undefined && flag !== undefined) {
    const found = find(flag);
    if (found !== undefined) return { ...line, option: found, prefix: `${flag}=`, current: value };
  }
  return { ...line, option, prefix: "", current };
}

function optionOf(command: AnyCommand | undefined, flag: string): Option | undefined {
  return command?.options.find(({ short, long }) => flag === short || flag === long);
}

/** `--env=test`, `-Cshop` and `-C`: the option, and its value if that is in the same word. */
function flagIn(word: string): { readonly flag: string; readonly value?: string } {
  if (!word.startsWith("--")) {
    const flag = word.slice(0, 2);
    return word.length > 2 ? { flag, value: word.slice(2) } : { flag };
  }
  const [, flag = word, value] = ATTACHED.exec(word) ?? [];
  return value === undefined ? { flag } : { flag, value };
}
