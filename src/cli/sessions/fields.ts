/** What a list says about each session: as values for programs, and as cells for people. */
import type { SessionInfo } from "../../backends/contract.ts";
import { agoText, bytesText } from "../terminal/units.ts";
import { cellText, type Column } from "../terminal/table.ts";
import type { FieldName } from "./names.ts";

/** A value of a session. Null: there is none, or it never expires. Undefined: it is not known. */
export type Value = string | number | null | undefined;

export interface Field extends Column {
  /** A time is in milliseconds since 1970. */
  valueOf(session: SessionInfo): Value;
  /** A cell for a value that is known. @param now Milliseconds since 1970. */
  cellOf(value: string | number | null, now: number): string;
  /** Whether it is left out of a table in which no session has it. */
  readonly isOptional?: boolean;
  readonly isTime?: boolean;
  /** Whether others choose its text. */
  readonly isText?: boolean;
}

export const fields: Readonly<Record<FieldName, Field>> = {
  handle: {
    title: "Handle",
    rank: 0,
    valueOf: ({ handle }) => handle,
    cellOf: textCell,
  },
  user: {
    title: "User",
    rank: 1,
    least: 12,
    isText: true,
    valueOf: ({ user }) => user,
    cellOf: textCell,
  },
  created: {
    title: "Created",
    rank: 4,
    isTime: true,
    valueOf: ({ createdAt }) => timeOf(createdAt) ?? undefined,
    cellOf: (time, now) => agoText(now - Number(time)),
  },
  visited: {
    title: "Last visit",
    rank: 2,
    isTime: true,
    valueOf: ({ visitedAt }) => timeOf(visitedAt) ?? undefined,
    cellOf: (time, now) => agoText(now - Number(time)),
  },
  expires: {
    title: "Expires",
    rank: 3,
    isTime: true,
    valueOf: ({ expiresAt }) => timeOf(expiresAt),
    cellOf(time, now) {
      if (time === null) return "never";
      const text = agoText(now - Number(time));
      return Number(time) < now ? `expired ${text}` : text;
    },
  },
  size: {
    title: "Size",
    rank: 5,
    isRight: true,
    valueOf: ({ size }) => size,
    cellOf: (size) => bytesText(Number(size)),
  },
  ip: {
    title: "IP",
    rank: 6,
    isOptional: true,
    isText: true,
    valueOf: ({ ip }) => ip,
    cellOf: textCell,
  },
  agent: {
    title: "Agent",
    rank: 7,
    least: 16,
    isOptional: true,
    isText: true,
    valueOf: ({ userAgent }) => userAgent,
    cellOf: textCell,
  },
};

function textCell(value: string | number | null): string {
  if (value === null) return "-";
  return value === "" ? '""' : cellText(String(value));
}

/** A time that a calendar can show: what comes from a payload may be any number. */
function timeOf(time: number | null | undefined): number | null | undefined {
  return typeof time === "number" && Number.isNaN(new Date(time).getTime()) ? undefined : time;
}

/** A cell of a table. */
export function tableCell(name: FieldName, session: SessionInfo, now: number): string {
  const value = fields[name].valueOf(session);
  return value === undefined ? "?" : fields[name].cellOf(value, now);
}

/** A value for a program; a time as ISO 8601, in UTC. */
export function plainValue(name: FieldName, session: SessionInfo): Value {
  const value = fields[name].valueOf(session);
  return fields[name].isTime && typeof value === "number" ? new Date(value).toISOString() : value;
}

/** A session in a JSON document. What is not known is null, and named in `unknown`. */
export function jsonOf(
  names: readonly FieldName[],
  session: SessionInfo,
): Readonly<Record<string, unknown>> {
  const values = names.map((name) => [name, plainValue(name, session)] as const);
  return {
    ...Object.fromEntries(values.map(([name, value]) => [name, value ?? null])),
    unknown: values.filter(([, value]) => value === undefined).map(([name]) => name),
  };
}
