import axe from "axe-core";
import { type Browser, chromium, type Page } from "playwright-core";
import { service } from "../support/env.ts";

const FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Starts Debian's Chromium. Dispose of it to end it. */
export function startBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: service("chromium"), args: FLAGS });
}

/** What went wrong while a page was open. */
export interface Watched {
  /** Errors and warnings on the console, and uncaught exceptions. */
  readonly complaints: string[];
  /** Addresses of other hosts that were requested. */
  readonly foreign: string[];
}

/** Opens an empty page, and writes down what goes wrong on it. @param home The site's address. */
export async function watchedPage(
  browser: Browser,
  home: string,
): Promise<Watched & { readonly page: Page }> {
  const context = await browser.newContext();
  const page = await context.newPage();
  const watched: Watched = { complaints: [], foreign: [] };
  page.on("console", (message) => {
    if (!["error", "warning"].includes(message.type())) return;
    watched.complaints.push(`${page.url()}: ${message.text()}`);
  });
  page.on("pageerror", (error) => watched.complaints.push(`${page.url()}: ${error}`));
  const { origin } = new URL(home);
  context.on("request", (request) => {
    const url = new URL(request.url());
    if (url.protocol !== "data:" && url.origin !== origin) watched.foreign.push(url.href);
  });
  return { page, ...watched };
}

interface Finding {
  readonly id: string;
  readonly impact?: string;
  readonly nodes: readonly { readonly html: string }[];
}

/** The serious and critical findings of axe-core on a page, one line each. */
export async function accessibilityFindings(page: Page): Promise<string[]> {
  // Both are expressions of the page's own world.
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate<{ violations: Finding[] }>("axe.run(document)");
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, nodes }) => `${page.url()}: ${id}: ${nodes.map(({ html }) => html).join(" ")}`);
}
