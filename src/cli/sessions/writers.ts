/** Writes sessions while they are read, in one of several formats. */
import type { SessionInfo } from "../../backends/contract.ts";
import type { Host } from "../terminal/host.ts";
import { jsonLine, type Reporter } from "../terminal/reporter.ts";
import { CSV_LINE_END, csvOf } from "./csv.ts";
import { jsonOf } from "./fields.ts";
import { type FieldName, fieldNames, type Format } from "./names.ts";
import { SessionTable } from "./table.ts";

export interface SessionWriter {
  write(batch: readonly SessionInfo[]): void;
  /** Called after the last batch. */
  end(): void;
}

/** @param chosen The fields to show; undefined for the usual ones. */
export function writerOf(
  format: Exclude<Format, "json">,
  host: Host,
  reporter: Reporter,
  chosen: readonly FieldName[] | undefined,
): SessionWriter {
  if (format === "table") return new TableWriter(host, reporter, chosen);
  const names = chosen ?? fieldNames;
  if (format === "csv") return new CsvWriter(reporter, names);
  const write: Record<typeof format, SessionWriter["write"]> = {
    ndjson: (batch) => reporter.data(batch.map((session) => jsonLine(jsonOf(names, session)))),
    handles: (batch) => reporter.data(batch.map(({ handle }) => handle)),
  };
  return { write: write[format], end() {} };
}

class CsvWriter implements SessionWriter {
  readonly #reporter: Reporter;
  readonly #names: readonly FieldName[];
  #hasHeader = false;

  constructor(reporter: Reporter, names: readonly FieldName[]) {
    this.#reporter = reporter;
    this.#names = names;
  }

  write(batch: readonly SessionInfo[]): void {
    this.#begin();
    this.#reporter.data(batch.map((session) => csvOf(this.#names, session)), CSV_LINE_END);
  }

  end(): void {
    this.#begin();
  }

  #begin(): void {
    if (!this.#hasHeader) this.#reporter.data([this.#names.join(",")], CSV_LINE_END);
    this.#hasHeader = true;
  }
}

/** Keeps the sessions for one JSON document. */
export class JsonWriter implements SessionWriter {
  readonly sessions: Readonly<Record<string, unknown>>[] = [];
  readonly #names: readonly FieldName[];

  constructor(chosen: readonly FieldName[] | undefined) {
    this.#names = chosen ?? fieldNames;
  }

  write(batch: readonly SessionInfo[]): void {
    for (const session of batch) this.sessions.push(jsonOf(this.#names, session));
  }

  end(): void {}
}

/** How many sessions decide about the columns. */
const MEASURED = 1000;

class TableWriter implements SessionWriter {
  readonly #host: Host;
  readonly #reporter: Reporter;
  readonly #chosen: readonly FieldName[] | undefined;
  #waiting: SessionInfo[] = [];
  #table: SessionTable | undefined;

  constructor(host: Host, reporter: Reporter, chosen: readonly FieldName[] | undefined) {
    this.#host = host;
    this.#reporter = reporter;
    this.#chosen = chosen;
  }

  write(batch: readonly SessionInfo[]): void {
    if (this.#table !== undefined) return this.#print(this.#table, batch);
    this.#waiting.push(...batch);
    if (this.#waiting.length >= MEASURED) this.#begin();
  }

  end(): void {
    if (this.#table === undefined && this.#waiting.length > 0) this.#begin();
    const { leftOut = [] } = this.#table ?? {};
    if (leftOut.length === 0) return;
    this.#reporter.note(`No room for ${leftOut.join(", ")}: use a wider terminal, or --fields`);
  }

  #begin(): void {
    const { stdout } = this.#host;
    const sessions = this.#waiting;
    this.#waiting = [];
    this.#table = new SessionTable(this.#chosen, sessions, stdout, this.#host.now().getTime());
    this.#reporter.line(this.#table.header, "bold");
    this.#print(this.#table, sessions);
  }

  #print(table: SessionTable, sessions: readonly SessionInfo[]): void {
    const now = this.#host.now().getTime();
    for (const session of sessions) {
      const isExpired = (session.expiresAt ?? Infinity) < now;
      this.#reporter.line(table.line(session), isExpired ? "dim" : undefined);
    }
  }
}
