/** The words of the command line as data, from which parsing and help are both made. */
export interface OptionSpec {
  readonly type: "string" | "boolean";
  readonly short?: string;
  /** What its value is called in the help, for example `<name>`. */
  readonly value?: string;
  /** What its value must be, where it is a number. */
  readonly number?: NumberSpec;
  readonly summary: string;
}

/** A number as an option's value: a whole number, or a duration in milliseconds or with a unit. */
export interface NumberSpec {
  readonly kind: "whole" | "duration";
  /** Of a duration, in milliseconds, like the most. */
  readonly least: number;
  readonly most: number;
}

export type OptionSpecs = Readonly<Record<string, OptionSpec>>;

export interface CommandSpec {
  readonly summary: string;
  /** Sentences for the command's own help. */
  readonly details: readonly string[];
  readonly options: OptionSpecs;
  /** Pairs of what it does and how it is written. */
  readonly examples: readonly (readonly [string, string])[];
}

/** The option of all commands that work on a backend. */
export const backend = {
  type: "string",
  short: "b",
  value: "<name>",
  summary: "redis, database, memory, or a backend of the config's own",
} as const;
