/** `session:status --watch`: the screen, redrawn in place, and what has changed meanwhile. */
import { sleep } from "../../../backends/pace.ts";
import type { Status, StatusReport } from "../../../commands/session_status/status.ts";
import { Trend } from "../../../commands/session_status/trend.ts";
import type { ExitCode } from "../../../core/errors.ts";
import { durationText } from "../../../core/duration.ts";
import { timeText } from "../../../core/selection.ts";
import { interruptedCode, type Operation } from "../../operation.ts";
import { sparkline } from "../../terminal/chart.ts";
import type { Line } from "../../terminal/reporter.ts";
import { countText } from "../../terminal/units.ts";
import { screenContext, screenOf, wrapped } from "./screen.ts";

/** Assumed if the height of a terminal is not known. */
const USUAL_ROWS = 24;

const MINUTE = 60_000;

/**
 * @param rest Milliseconds between two screens.
 * @returns after an interruption, or the first failure.
 */
export async function watch(
  operation: Operation,
  rest: number,
  read: () => Promise<StatusReport>,
): Promise<ExitCode> {
  const { host, reporter } = operation;
  const trend = new Trend();
  for (;;) {
    const { status, error } = await read();
    if (error !== undefined) {
      reporter.error(error);
      return error.exitCode;
    }
    if (status === undefined) return interruptedCode(host);
    trend.add(status);
    reporter.redraw(frame(operation, status, trend, rest));
    await sleep(rest, host.signal);
    if (host.signal.aborted) return interruptedCode(host);
  }
}

/** As many lines as the terminal has. */
function frame(operation: Operation, status: Status, trend: Trend, rest: number): Line[] {
  const { stdout } = operation.host;
  const context = screenContext(operation);
  const news: Line[] = [
    [[`${timeText(status.time)}, every ${durationText(rest)}; Ctrl-C ends it`, "dim"]],
    ...status.warnings.flatMap((warning) => {
      return wrapped(`! ${warning}`, context.width).map((text): Line => [[text, "yellow"]]);
    }),
    [],
    ...trendLines(trend, context.width),
  ];
  return screenOf(status, context, news).slice(0, (stdout.rows() ?? USUAL_ROWS) - 1);
}

/** The number of sessions as a curve, and how fast it changes. */
function trendLines(trend: Trend, width: number): Line[] {
  const rate = trend.rateOf("sessions");
  const change = rate === undefined ? "" : `  ${rateText(rate * MINUTE)}`;
  const days = trend.daysUntilFull;
  return [
    [[sparkline(trend.sessions, Math.max(10, width - change.length)), "cyan"], [change]],
    ...(days === undefined
      ? []
      : [[[`The memory is full in ${daysText(days)}`, "yellow"]] satisfies Line]),
  ];
}

function rateText(perMinute: number): string {
  const sign = perMinute < 0 ? "-" : "+";
  return `${sign}${countText(Math.abs(perMinute))} sessions/min`;
}

function daysText(days: number): string {
  if (days < 1) return "less than a day";
  return `about ${countText(days)} day${Math.round(days) === 1 ? "" : "s"}`;
}
