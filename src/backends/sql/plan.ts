/** A selection as SQL, and what is left of it to be asked of each row. */
import { ImpossibleError } from "../../core/errors.ts";
import { type Condition, type Fact, factNames, type Selection } from "../../core/selection.ts";
import { printable } from "../../core/text.ts";
import type { DatabaseTarget } from "./backend.ts";
import { isCharacters, isNeverSql, isUuid, isWhole, mayBe, timeSql } from "./column_values.ts";
import { type BoundLayout, type Column, type Dialect, type TextFact, textFacts } from "./layout.ts";

export interface Plan {
  /** What SQL can tell: a condition that all rows of the selection meet. */
  readonly where: string;
  /** What is left to be asked of each row. */
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
    const { fact } = condition;
    if (fact === "handle") continue;
    const isInColumn = isText(fact) && layout.texts[fact] !== undefined;
    if (isInColumn) fromTexts.add(fact);
    const filter = fact === "user" ? userFilterSql(condition, layout, dialect) : undefined;
    if (filter !== undefined) inSql.push(filter);
    const isInPayload = layout.data !== undefined && layout.payload[fact] !== undefined;
    if (isInPayload) fromPayload.add(fact);
    if (!isInColumn && !isInPayload) untold.add(fact);
  }
  if (untold.size > 0) throw untoldError([...untold], layout, target);
  const asksForExpired = selection.some((condition) => {
    return condition.fact === "expiresAt" && "before" in condition;
  });
  return {
    where: inSql.join(" AND ") || "1 = 1",
    rest,
    fromTexts: [...fromTexts],
    fromPayload: [...fromPayload],
    index: asksForExpired ? layout.times.expiresAt?.name : undefined,
  };
}

export function isText(fact: Fact): fact is TextFact {
  return textFacts.some((text) => text === fact);
}

/** A condition in SQL that exactly the same rows meet; undefined if SQL cannot tell it. */
function conditionSql(
  condition: Condition,
  layout: BoundLayout,
  dialect: Dialect,
): string | undefined {
  const { fact } = condition;
  if (fact === "handle" || fact === "ip") return undefined;
  if (fact === "user") {
    const { user } = layout.texts;
    return user && layout.isConfigured ? exactUserSql(condition, user, dialect) : undefined;
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

/** The same for a column that is NULL if nobody is logged in. */
function exactUserSql(condition: Condition, user: Column, dialect: Dialect): string | undefined {
  const column = dialect.quote(user.name);
  if ("isNull" in condition) return `${column} IS ${condition.isNull ? "NULL" : "NOT NULL"}`;
  // Texts that differ can be equal for a database, by their case or by blanks at their end.
  if (!isWhole(user.type) && !isUuid(user.type)) return undefined;
  if ("oneOf" in condition) return isOneOfSql(condition.oneOf, user, dialect);
  if (!("noneOf" in condition)) return undefined;
  const isOneOf = isOneOfSql(condition.noneOf, user, dialect);
  return isOneOf && `(${column} IS NULL OR NOT ${isOneOf})`;
}

/** More values than this are not sent to the server: azu compares them with each row. */
const MOST_VALUES = 1000;

/**
 * A condition that all rows of the wanted users meet, and maybe others: the index finds them, and
 * what is left of the selection is asked of each. Undefined if there is none.
 */
function userFilterSql(
  condition: Condition,
  { texts: { user }, isConfigured }: BoundLayout,
  dialect: Dialect,
): string | undefined {
  if (user === undefined || !("oneOf" in condition)) return undefined;
  const isOneOf = isOneOfSql(condition.oneOf, user, dialect);
  if (isOneOf === undefined || isConfigured) return isOneOf;
  // The payload of a row without a value may tell a wanted user.
  return `(${isOneOf} OR ${dialect.quote(user.name)} IS NULL)`;
}

/**
 * The condition that a column has one of these values; undefined if its type cannot be compared with
 * them, or if they are too many.
 */
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

function untoldError(
  facts: readonly Fact[],
  { isConfigured }: BoundLayout,
  { tableText, address }: DatabaseTarget,
): ImpossibleError {
  const hint =
    "If a column or the payload tells it, name that in the backend's layout in the config";
  return new ImpossibleError(
    `The table ${printable(tableText)} has nothing that tells ${
      factNames(facts, "or")
    } (${address})`,
    isConfigured ? { hint } : {},
  );
}
