/** What only MySQL and MariaDB can tell for `session:doctor`. */
import { messageOf } from "../../core/errors.ts";
import { listed, printable } from "../../core/text.ts";
import { type Check, failure, ok, once, type Outcome, skipped, warning } from "../checks.ts";
import { quoteTable } from "../sql/ddl.ts";
import { type EngineDiagnosis, referencesCheck } from "../sql/diagnosis.ts";
import { missingTable, valueIn } from "../sql/errors.ts";
import type { TimeColumn } from "../sql/layout.ts";
import { literal } from "./connection.ts";
import { errorNumber, explainMysqlError } from "./errors.ts";
import { isDenied, mysqlReferences } from "./foreign_keys.ts";
import { findTable } from "./inspect_table.ts";
import type { MysqlSession } from "./session.ts";

/** Milliseconds: to see whether a row refers to a session may mean to read another table. */
const SOON = 1000;

export function mysqlDiagnosis(session: MysqlSession): EngineDiagnosis {
  const rights = once(() => rightsOf(session));
  const removing = async () => removalCheck(await rights());
  const checks: Check[] = [
    ["reach.login", async () => {
      const [row] = await session.read("SELECT CURRENT_USER() AS account, VERSION() AS version");
      const account = printable(String(row?.["account"]));
      return ok(`logged in as ${account} at ${printable(String(row?.["version"]))}`);
    }],
    ["rights.list", async () => readingCheck(await rights())],
    ["rights.revoke", removing],
    ["rights.clear", removing],
    ["rights.sweep", removing],
    ["table.triggers", () => triggersCheck(session)],
    ["table.references", async () => {
      const { references } = await mysqlReferences(session);
      return await referencesCheck(references, (sql) => session.read(sql, SOON), isDenied);
    }],
  ];
  return {
    checks,
    async clock() {
      const [row] = await session.read("SELECT UNIX_TIMESTAMP(NOW(6)) * 1000 AS now");
      return Number(valueIn(row, "now"));
    },
    typeProblem: (column) => Promise.resolve(typeProblem(column)),
  };
}

/** What the server says when the rights are tried; undefined if it allows it. */
interface Rights {
  readonly table: string;
  readonly account: string;
  readonly reading: unknown;
  readonly removing: unknown;
  readonly explained: (error: unknown) => string;
}

/** Tries statements that find no row: rights can come from roles, and from patterns of names. */
async function rightsOf(session: MysqlSession): Promise<Rights> {
  const { target } = session;
  const found = await findTable(session);
  // Without any right, the server does not list the table.
  const from = found?.from ?? quoteTable("mysql", target.table);
  const failureOf = (work: Promise<unknown>) => work.then(() => undefined, (error) => error ?? "");
  const reading = await failureOf(session.read(`SELECT * FROM ${from} LIMIT 0`));
  if (found === undefined && !isDenied(reading)) throw missingTable(target, reading);
  const [row] = await session.read("SELECT CURRENT_USER() AS account");
  const [, user = "", host = ""] = /^(.*)@(.*)$/s.exec(String(row?.["account"])) ?? [];
  return {
    table: from,
    account: `${literal(user)}@${literal(host)}`,
    reading,
    removing: await failureOf(session.batch(`DELETE FROM ${from} WHERE FALSE`, SOON)),
    explained: (error) => messageOf(explainMysqlError(error, target)),
  };
}

/** No right on the table, or on a column of it. */
function isMissing(error: unknown): boolean {
  return [1142, 1143].includes(errorNumber(error));
}

function readingCheck(rights: Rights): Outcome {
  const { reading, account } = rights;
  if (isMissing(reading)) return lacking(rights, ["SELECT"]);
  return reading === undefined
    ? ok(`${account} has SELECT`)
    : failure(rights.explained(reading), "Look at the server");
}

function removalCheck(rights: Rights): Outcome {
  const { reading, removing, account } = rights;
  const missing = [
    ...(isMissing(reading) ? ["SELECT"] : []),
    ...(isMissing(removing) ? ["DELETE"] : []),
  ];
  if (missing.length > 0) return lacking(rights, missing);
  return removing === undefined
    ? ok(`${account} has SELECT and DELETE`)
    : failure(rights.explained(removing), "Use the URL of the primary, or look at the server");
}

function lacking({ table, account }: Rights, missing: readonly string[]): Outcome {
  return failure(
    `${account} lacks ${listed(missing, "and")}`,
    `GRANT ${missing.join(", ")} ON ${table} TO ${account}`,
  );
}

async function triggersCheck(session: MysqlSession): Promise<Outcome> {
  const table = await findTable(session);
  if (table === undefined) throw missingTable(session.target);
  const found = await session.read(
    "SELECT TRIGGER_NAME AS name FROM information_schema.TRIGGERS " +
      `WHERE EVENT_OBJECT_SCHEMA = ${literal(table.schema)} AND EVENT_MANIPULATION = 'DELETE' ` +
      `AND EVENT_OBJECT_TABLE = ${literal(table.name)} ORDER BY TRIGGER_NAME`,
  );
  if (found.length > 0) {
    const names = listed(found.map(({ name }) => printable(String(name))), "and");
    return warning(`the trigger ${names} runs for each session that is removed`);
  }
  const grants = await session.read("SHOW GRANTS");
  // The server lists triggers only for those who may create them.
  const mayLook = grants.some((row) =>
    /ALL PRIVILEGES|\bTRIGGER\b/.test(String(Object.values(row)[0]))
  );
  return mayLook
    ? ok("no trigger runs on DELETE")
    : skipped("this user may not see triggers, for lack of TRIGGER");
}

function typeProblem({ name, type }: TimeColumn): Outcome {
  if (!/^timestamp/i.test(type)) return undefined;
  return warning(
    `${printable(name)} is a TIMESTAMP: it is converted to the time zone of each connection, ` +
      "repeats an hour in autumn, and ends in 2038",
  );
}
