import type { ClearPhase } from "../../commands/session_clear/types.ts";
import { capitalized, CLEAR, type Words } from "../../commands/session_clear/words.ts";
import { roughly } from "../../core/duration.ts";
import type { Host } from "./host.ts";
import type { Reporter } from "./reporter.ts";

/** Milliseconds without output before the first line of progress. */
const PATIENCE = 500;

/** Milliseconds between two updates: of a redrawn line, and of lines in a log. */
const REDRAW = 200;
const LOG = 5000;

/** Milliseconds in a phase after which its duration is shown. */
const LONG = 2000;

type ProgressWords = Pick<Words, "doing" | "done">;

/** Shows the progress of a command on stderr; nothing with `--quiet` or `--json`. */
export class Progress implements Disposable {
  readonly #host: Host;
  readonly #reporter: Reporter;
  readonly #target: string;
  readonly #words: ProgressWords;
  readonly #timer: ReturnType<typeof setInterval> | undefined;
  #phase: ClearPhase | "stopping" = "connecting";
  /** When the phase began, and how many sessions were gone then. */
  #since: number;
  #before = 0;
  /** Whether anything may have been removed. */
  begun = false;
  /** How many sessions are certainly gone. */
  cleared = 0;
  /** When `cleared` last grew. */
  #grown: number;
  /** An estimate of how many sessions there were; undefined if there is none. */
  total: number | undefined;
  /** How many sessions a count has found, and an estimate of the total. */
  #found: { readonly found: number; readonly total: number | undefined } | undefined;
  #isRetrying = false;
  #next: number;
  /** Removes the listeners. */
  readonly #end = new AbortController();

  /**
   * @param target The redacted address of the store.
   * @param words What a removal is called.
   */
  constructor(host: Host, reporter: Reporter, target: string, words: ProgressWords = CLEAR) {
    this.#host = host;
    this.#reporter = reporter;
    this.#target = target;
    this.#words = words;
    this.#grown = this.#since = this.#now();
    this.#next = this.#since + (reporter.canRedraw ? PATIENCE : LOG);
    if (reporter.options.quiet || reporter.options.json) return;
    // While the store is silent, azu must not seem to hang.
    this.#timer = setInterval(() => this.#tell(), REDRAW);
  }

  begin(phase: ClearPhase | "stopping"): void {
    if (phase === "clearing") this.begun = true;
    if (this.#phase === "stopping") return; // the phases after that are part of stopping
    this.#phase = phase;
    this.#isRetrying = false;
    this.#grown = this.#since = this.#now();
    this.#before = this.cleared;
    this.#found = undefined;
  }

  update(cleared: number, total: number | undefined): void {
    if (cleared > this.cleared) {
      this.#grown = this.#now();
      this.#isRetrying = false;
    }
    this.cleared = cleared;
    this.total = total;
    this.#tell(); // a driver that blocks also blocks the timer
  }

  /** Records how many sessions a count has found so far. None of them has been removed. */
  find(found: number, total: number | undefined): void {
    this.#found = { found, total };
    this.#tell();
  }

  /** The store is tried again, until it makes progress. */
  retry(): void {
    this.#isRetrying = true;
    this.#tell();
  }

  /** Removes the line. */
  /** Shows, from when the signal is aborted, that the command stops. */
  stopAfter(signal: AbortSignal): void {
    const stop = () => this.begin("stopping");
    signal.addEventListener("abort", stop, { once: true, signal: this.#end.signal });
  }

  [Symbol.dispose](): void {
    this.#end.abort();
    clearInterval(this.#timer);
    this.#reporter.status(undefined);
  }

  #now(): number {
    return this.#host.now().getTime();
  }

  #tell(): void {
    const now = this.#now();
    if (this.#timer === undefined || now < this.#next) return;
    const { canRedraw } = this.#reporter;
    this.#next = now + (canRedraw ? REDRAW : LOG);
    const text = this.#text(now - this.#since);
    if (canRedraw) this.#reporter.status(text);
    else this.#reporter.note(text);
  }

  /** @param time Milliseconds in this phase. */
  #text(time: number): string {
    const soFar = this.cleared === 0
      ? ""
      : `; ${this.cleared} session(s) ${this.#words.done} so far`;
    if (this.#isRetrying && this.#phase !== "stopping") {
      return `Lost ${this.#target}, or it is busy: trying again for ${
        roughly(this.#now() - this.#grown)
      }${soFar}`;
    }
    if (this.#phase === "clearing") return this.#pace(time);
    const { found = 0, total } = this.#found ?? {};
    if (found > 0 && this.#phase === "counting") {
      return `Counted ${paceOf(found, found, total, time)}`;
    }
    if (found > 0 && this.#phase === "reading") {
      return `Read ${paceOf(found, found, total, time)}`;
    }
    if (found > 0 && (this.#phase === "copying" || this.#phase === "resealing")) {
      return `Read ${paceOf(found, found, total, time)}${soFar}`;
    }
    if (found > 0 && this.#phase === "comparing") {
      return `Compared ${paceOf(found, found, total, time)}`;
    }
    if (found > 0 && this.#phase === "ending") {
      return `Read at the target ${paceOf(found, found, total, time)}`;
    }
    const what = {
      connecting: `Connecting to ${this.#target}`,
      verifying: "Verifying that all are gone",
      checking: "Checking what is there",
      counting: "Counting sessions",
      reading: "Reading sessions",
      copying: "Copying sessions",
      resealing: "Reading sessions",
      comparing: "Comparing the source with the target",
      "checking file": "Checking the backup",
      ending: "Looking for what has ended at the source",
      looking: "Looking for sessions under other prefixes",
      nodes: "Telling the app's nodes",
      replicas: "Waiting for replicas to catch up",
      stopping: "Stopping after this batch (Ctrl-C again to stop at once)",
    }[this.#phase];
    const long = time < LONG ? "" : `, for ${roughly(time)}`;
    return `${what}${long}${soFar}`;
  }

  #pace(time: number): string {
    const since = this.cleared - this.#before;
    if (since <= 0) {
      return `${this.#words.doing}, for ${roughly(time)}; ${this.cleared} session(s) so far`;
    }
    const idle = this.#now() - this.#grown;
    const done = capitalized(this.#words.done);
    if (idle < LONG) return `${done} ${paceOf(this.cleared, since, this.total, time)}`;
    const of = this.total === undefined ? "" : ` of about ${this.total}`;
    return `${done} ${this.cleared}${of} session(s), none for ${roughly(idle)}`;
  }
}

/** @param since How many were done in this phase, which has taken `time` milliseconds. */
function paceOf(done: number, since: number, total: number | undefined, time: number): string {
  const perSecond = since / Math.max(1, time) * 1000;
  const pace = `${perSecond < 10 ? perSecond.toFixed(1) : Math.round(perSecond)} per second`;
  if (total === undefined) return `${done} session(s) so far, ${pace}`;
  const left = roughly(Math.max(0, total - done) / perSecond * 1000);
  return `${done} of about ${total} session(s), ${pace}, about ${left} left`;
}
