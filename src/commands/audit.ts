/** The audit log that the config names. */
import { dirname, resolve } from "node:path";
import { FileLog } from "../audit/file_log.ts";
import type { AuditLog } from "../audit/log.ts";
import { TableLog } from "../audit/table_log.ts";
import { chooseNamed } from "../config/choose.ts";
import type { Project } from "../config/project.ts";
import { ImpossibleError, UsageError } from "../core/errors.ts";
import { printable } from "../core/text.ts";

/** The backend whose database has the table of the log. */
const DATABASE = "database";

/**
 * Opens the audit log.
 * @throws {AzuError} if there is none in the config, or its database cannot be reached.
 */
export async function openAuditLog(project: Project, signal: AbortSignal): Promise<AuditLog> {
  const { file, table } = project.config.audit ?? {};
  if (file !== undefined) return new FileLog(resolve(folderOf(project), file));
  if (table === undefined) {
    throw new UsageError("The config names no audit log", {
      hint: 'State it in azu.config.ts: audit: { file: "./audit.log" }',
    });
  }
  const { backend } = chooseNamed(project, DATABASE, "audit.table");
  if (backend.records === undefined) {
    throw new ImpossibleError(`The ${backend.name} backend cannot keep an audit log`);
  }
  const { address } = backend.describe();
  const where = address === undefined ? "" : ` (${address})`;
  return new TableLog(`${printable(table)}${where}`, await backend.records(table, signal));
}

/** Relative names start from the folder of the config. */
function folderOf({ configPath, root }: Project): string {
  return configPath === undefined ? root : dirname(configPath);
}
