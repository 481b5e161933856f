/** The values of options that are numbers. */
import type { NumberSpec } from "./option_spec.ts";
import { formatMilliseconds, parseDuration } from "../core/duration.ts";

/** The number that a text stands for, durations in milliseconds; undefined where it is none. */
export function numberOf({ kind, least, most }: NumberSpec, text: string): number | undefined {
  const plain = /^\d{1,12}$/.test(text) ? Number(text) : undefined;
  const value = plain ?? (kind === "duration" ? parseDuration(text) : undefined);
  return value === undefined || value < least || value > most ? undefined : value;
}

/** What a value should have been, for a message. */
export function expectedNumber({ kind, least, most }: NumberSpec): string {
  return kind === "whole"
    ? `a whole number from ${least} to ${most}`
    : `a duration such as "50ms", from ${formatMilliseconds(least)} to ${formatMilliseconds(most)}`;
}
