/** The runs of an audit log: each is the records of one command. */
import { Chain } from "../../../audit/chain.ts";
import type { AuditRecord } from "../../../audit/record.ts";

export interface AuditRun {
  readonly begin: AuditRecord;
  evidence?: AuditRecord;
  end?: AuditRecord;
}

/** Keeps the last runs while records are read, and checks the chain. */
export class LastRuns {
  readonly chain = new Chain();
  readonly #limit: number;
  readonly #runs = new Map<string, AuditRun>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  add(line: string): void {
    const record = this.chain.add(line);
    if (record === undefined) return;
    if (record.kind === "begin") {
      this.#runs.set(record.run, { begin: record });
      const [oldest = ""] = this.#runs.keys();
      if (this.#runs.size > this.#limit) this.#runs.delete(oldest);
      return;
    }
    const run = this.#runs.get(record.run);
    if (run === undefined) return;
    if (record.kind === "evidence") run.evidence = record;
    if (record.kind === "end") run.end = record;
  }

  get runs(): readonly AuditRun[] {
    return [...this.#runs.values()];
  }
}
