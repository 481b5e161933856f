/** `session:status --watch`: the screen, redrawn in place, and what has changed meanwhile. */
import { sleep } from "../../../backends/pace.ts";
import type { Status, StatusReport } from "../../../commands/session_status/status.ts";
import { Trend } from "../../../commands/session_status/trend.ts";
import type { ExitCode } from "../../../core/errors.ts";
import { durationText } from "../../../core/duration.ts";
import { timeText } from "../../../core/selection.ts";
import { interruptedCode, oldFirst, type Operation, type StorePlace } from "../../operation.ts";
import { sparkline } from "../../terminal/chart.ts";
import type { Host } from "../../terminal/host.ts";
import type { Line } from "../../terminal/reporter.ts";
import { countText, spanText } from "../../terminal/units.ts";
import { type ScreenContext, screenContext, screenWithin, wrapped } from "./screen.ts";

/** Assumed if the height of a terminal is not known. */
const USUAL_ROWS = 24;

/** The least columns of the curve. */
const NARROWEST = 10;

const MINUTE = 60_000;

/**
 * @param rest Milliseconds between two screens.
 * @returns after an interruption, or the first failure.
 */
export async function watch(
  operation: Operation,
  rest: number,
  read: (place: StorePlace) => Promise<StatusReport>,
): Promise<ExitCode> {
  const { host, reporter } = operation;
  const stores = oldFirst(operation).map((place) => ({ place, trend: new Trend() }));
  for (;;) {
    const frames: (readonly Line[])[] = [];
    for (const { place, trend } of stores) {
      const { status, error } = await read(place);
      if (error !== undefined) {
        reporter.error(error);
        return error.exitCode;
      }
      if (status === undefined) return interruptedCode(host);
      trend.add(status);
      const context = screenContext(operation, place);
      frames.push(frame(status, context, trend, { rest, rows: rowsOf(host, stores.length) }));
    }
    reporter.redraw(frames.flatMap((lines, index) => index === 0 ? lines : [[], ...lines]));
    await sleep(rest, host.signal);
    if (host.signal.aborted) return interruptedCode(host);
  }
}

/** The lines of a terminal for each of several stores. */
function rowsOf({ stdout }: Host, stores: number): number {
  return Math.floor((stdout.rows() ?? USUAL_ROWS) / stores) - 1;
}

function frame(
  status: Status,
  context: ScreenContext,
  trend: Trend,
  { rest, rows }: { readonly rest: number; readonly rows: number },
): Line[] {
  const news: Line[] = [
    [[`${timeText(status.time)}, every ${durationText(rest)}; Ctrl-C ends it`, "dim"]],
    ...status.warnings.flatMap((warning) => {
      return wrapped(`! ${warning}`, context.width).map((text): Line => [[text, "yellow"]]);
    }),
    [],
    ...trendLines(trend, context.width),
  ];
  return screenWithin(rows, status, context, news);
}

/** The number of sessions as a curve, what its ends stand for, and how fast it changes. */
function trendLines(trend: Trend, width: number): Line[] {
  const { sessions, untilFull } = trend;
  const rate = trend.rateOf("sessions");
  const [least, most] = [Math.min(...sessions), Math.max(...sessions)];
  const range = least === most ? countText(most) : `${countText(least)} to ${countText(most)}`;
  const text = rate === undefined ? range : `${range}, ${rateText(rate * MINUTE)}`;
  const curve = sparkline(sessions, Math.max(NARROWEST, width - text.length - 2));
  return [
    [[curve, "cyan"], [`  ${text}`]],
    ...(untilFull === undefined
      ? []
      : [[[`The memory is full in about ${spanText(untilFull)}`, "yellow"]] satisfies Line]),
  ];
}

function rateText(perMinute: number): string {
  const sign = perMinute < 0 ? "-" : "+";
  return `${sign}${countText(Math.abs(perMinute))} sessions/min`;
}
