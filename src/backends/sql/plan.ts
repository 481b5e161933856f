/** A selection as SQL, and what is left of it to be asked of each row. */
import { ImpossibleError } from "../../core/errors.ts";
import { type Condition, type Fact, factNames, type Selection } from "../../core/selection.ts";
import { printable } from "../../core/text.ts";
import type { DatabaseTarget } from "./backend.ts";
import { isCharacters, isNeverSql, isUuid, isWhole, timeSql } from "./column_values.ts";
import type { BoundLayout, Column, Dialect, TextFact } from "./layout.ts";

/** A selection for a table: what SQL can tell, and what is left to be asked of each row. */
export interface Plan {
  /** A condition in SQL. */
  readonly where: string;
  readonly rest: Selection;
  /** The facts of the rest that are in columns of texts. */
  readonly fromTexts: readonly TextFact[];
  /** The facts of the rest that are in the payload, for rows where no column tells them. */
  readonly fromPayload: readonly Fact[];
  /** A column, by name, whose index finds the rows if they are few. */
  readonly index: string | undefined;
}

/** @throws {ImpossibleError} if the table cannot tell a fact that the selection needs. */
export function planOf(
  selection: Selection,
  layout: BoundLayout,
  dialect: Dialect,
  target: DatabaseTarget,
): Plan {
  const inSql: string[] = [];
  const rest: Condition[] = [];
  const fromPayload = new Set<Fact>();
  const fromTexts = new Set<TextFact>();
  const untold = new Set<Fact>();
  for (const condition of selection) {
    const sql = conditionSql(condition, layout, dialect);
    if (sql !== undefined) {
      inSql.push(sql);
      continue;
    }
    rest.push(condition);
    if (condition.fact === "handle") continue;
    const column = isText(condition.fact) ? layout.texts[condition.fact] : undefined;
    const isInText = column !== undefined && isText(condition.fact);
    if (isInText) {
      fromTexts.add(condition.fact);
      if (condition.fact === "user") {
        inSql.push(...userSql(condition, column, dialect, layout.isConfigured));
      }
    }
    const isInPayload = layout.data !== undefined && layout.payload[condition.fact] !== undefined;
    if (isInPayload) fromPayload.add(condition.fact);
    else if (!isInText) untold.add(condition.fact);
  }
  if (untold.size > 0) {
    throw without(target, `nothing that tells ${factNames([...untold], "or")}`, layout);
  }
  const expired = selection.some((condition) =>
    condition.fact === "expiresAt" && "before" in condition
  );
  return {
    where: inSql.join(" AND ") || "1 = 1",
    rest,
    fromTexts: [...fromTexts],
    fromPayload: [...fromPayload],
    index: expired ? layout.times.expiresAt?.name : undefined,
  };
}

export function isText(fact: Fact): fact is TextFact {
  return fact === "user" || fact === "ip" || fact === "userAgent";
}

function conditionSql(
  condition: Condition,
  layout: BoundLayout,
  dialect: Dialect,
): string | undefined {
  const { fact } = condition;
  if (fact === "handle" || fact === "ip") return undefined;
  if (fact === "user") {
    const { user } = layout.texts;
    return user && layout.isConfigured ? toldUserSql(condition, user, dialect) : undefined;
  }
  const found = layout.times[fact];
  if (found === undefined) return undefined;
  const column = dialect.quote(found.name);
  const isNever = isNeverSql(found, dialect);
  if ("isNull" in condition) return condition.isNull ? isNever : `NOT (${isNever})`;
  const compared = "before" in condition
    ? `${column} < ${timeSql(condition.before, found, dialect)}`
    : `${column} >= ${timeSql(condition.from, found, dialect)}`;
  if ("orNull" in condition && condition.orNull) return `(${compared} OR ${isNever})`;
  return `(${compared} AND NOT (${isNever}))`;
}

/** A condition on a column that is NULL if nobody is logged in; undefined if SQL cannot tell it. */
function toldUserSql(condition: Condition, user: Column, dialect: Dialect): string | undefined {
  const column = dialect.quote(user.name);
  if ("isNull" in condition) return `${column} IS ${condition.isNull ? "NULL" : "NOT NULL"}`;
  // Texts that differ can be equal for a database, by their case or by blanks at their end.
  if (!isWhole(user.type) && !isUuid(user.type)) return undefined;
  if ("oneOf" in condition) return isOneOfSql(condition.oneOf, user, dialect);
  if (!("noneOf" in condition)) return undefined;
  const isOneOf = isOneOfSql(condition.noneOf, user, dialect);
  return isOneOf && `(${column} IS NULL OR NOT ${isOneOf})`;
}

/** More values than this are compared here, and not by the server. */
const MOST_VALUES = 1000;

/**
 * What SQL can tell about a user: rows that do not meet it are not meant. Rows without a value are
 * asked for their payload.
 */
function userSql(
  condition: Condition,
  user: Column,
  dialect: Dialect,
  isConfigured: boolean,
): string[] {
  const isOneOf = "oneOf" in condition ? isOneOfSql(condition.oneOf, user, dialect) : undefined;
  if (isOneOf === undefined) return [];
  return [isConfigured ? isOneOf : `(${isOneOf} OR ${dialect.quote(user.name)} IS NULL)`];
}

/** The condition that a column has one of these values; undefined if SQL had better not tell. */
function isOneOfSql(
  wanted: readonly string[],
  { name, type }: Column,
  dialect: Dialect,
): string | undefined {
  const isComparable = isWhole(type) || isUuid(type) || isCharacters(type);
  if (!isComparable || wanted.length > MOST_VALUES) return undefined;
  const values = wanted.filter((value) => mayBe(value, type)).map((value) => {
    return isWhole(type) ? value : dialect.written(value);
  });
  return values.length === 0 ? "1 = 0" : `${dialect.quote(name)} IN (${values.join(", ")})`;
}

/** Whether a column of this type can have a value: otherwise the server would refuse to compare. */
function mayBe(value: string, type: string): boolean {
  if (isWhole(type)) return /^(?:0|-?[1-9]\d{0,18})$/.test(value) && fits(BigInt(value));
  if (isUuid(type)) return /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(value);
  return !value.includes("\0");
}

function fits(value: bigint): boolean {
  return BigInt.asIntN(64, value) === value;
}

function without(
  { tableText, address }: DatabaseTarget,
  what: string,
  { isConfigured }: BoundLayout,
): ImpossibleError {
  const hint =
    "If a column or the payload tells it, name that in the backend's layout in the config";
  return new ImpossibleError(
    `The table ${printable(tableText)} has ${what} (${address})`,
    isConfigured ? { hint } : {},
  );
}
