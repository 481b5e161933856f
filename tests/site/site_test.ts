/** The documentation site, built once and read in a real browser. */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { needs } from "../support/env.ts";
import { accessibilityFindings, startBrowser, watchedPage } from "./browser.ts";
import { type BuiltSite, builtSite } from "./built_site.ts";

const DOCS = join(import.meta.dirname ?? "", "../../docs");
const WIDTHS = [390, 1280];
/** Most of it is for a machine that is busy with other tests. */
const PAGE_TIMEOUT_MS = 30_000;
/** Pages that are open at the same time. */
const JOBS = 4;
/** One page of each kind. */
const KINDS = [
  "",
  "tutorial",
  "how-to/log-out-one-user-everywhere",
  "reference/commands/session-clear",
  "reference/config",
  "explanation/benchmarks",
  "missing",
];

/** What is asked of every page, in the page's own world. */
const FACTS = `({
  width: document.documentElement.scrollWidth,
  links: [...document.querySelectorAll("a[href]")].map((link) => link.href),
  ids: [...document.querySelectorAll("[id]")].map((element) => element.id),
  menu: [...document.querySelectorAll(".VPNavBar a[href], .VPSidebar a[href]")].map((link) => link.href),
  description: document.querySelector("meta[name=description]")?.content ?? "",
})`;

interface Facts {
  readonly width: number;
  readonly links: readonly string[];
  readonly ids: readonly string[];
  readonly menu: readonly string[];
  readonly description: string;
}

/** What was found on a page at a width. */
interface Visit extends Facts {
  readonly url: string;
  readonly viewport: number;
}

Deno.test("the documentation site", needs("chromium"), async (t) => {
  await using site = await builtSite();
  await using browser = await startBrowser();
  const { visits, complaints, foreign } = await visitAll(browser, site);

  await t.step("every file of docs/ is a page, and in the menu", () => {
    const files = readdirSync(DOCS, { recursive: true, encoding: "utf8" });
    const expected = files.filter((file) => file.endsWith(".md"))
      .map((file) => file.replace(/(?:(^|\/)index)?\.md$/, "$1")).sort();
    deepStrictEqual(site.pages, expected);
    const unlisted = visits.filter(({ url, menu }) => url !== site.home && !menu.includes(url));
    deepStrictEqual(unlisted.map(({ url }) => url), []);
  });

  await t.step("every link and anchor leads somewhere", () => {
    const ids = new Map(visits.map((visit) => [visit.url, visit.ids]));
    const broken = visits.flatMap(({ url, links }) => {
      return links.filter((link) => link.startsWith(site.home) && !leads(link, ids, site.home))
        .map((link) => `${url} -> ${link}`);
    });
    deepStrictEqual([...new Set(broken)], []);
    const anchors = visits.flatMap(({ links }) => links).filter((link) => link.includes("#"));
    ok(anchors.length > 0);
  });

  await t.step("no page scrolls sideways", () => {
    const wide = visits.filter(({ width, viewport }) => width > viewport);
    deepStrictEqual(wide.map(({ url, viewport }) => `${url} at ${viewport}`), []);
  });

  await t.step("no page writes errors or asks another host", () => {
    deepStrictEqual(complaints, []);
    deepStrictEqual(foreign, []);
  });

  await t.step("every page describes itself", () => {
    const missing = visits.filter(({ description }) => description.length < 20);
    deepStrictEqual(missing.map(({ url }) => url), []);
  });

  for (const colorScheme of ["light", "dark"] as const) {
    await t.step(`axe-core finds nothing serious in ${colorScheme} mode`, async () => {
      await using context = await browser.newContext({ colorScheme, reducedMotion: "reduce" });
      const page = await context.newPage();
      const findings: string[] = [];
      for (const path of KINDS) {
        await open(page, site.home + path);
        findings.push(...await accessibilityFindings(page));
      }
      await search(page, site.home, "log out one user");
      findings.push(...await accessibilityFindings(page));
      deepStrictEqual(findings, []);
    });
  }

  await t.step("the search finds the recipe first", async () => {
    await using context = await browser.newContext({ viewport: { width: 390, height: 844 } });
    const page = await context.newPage();
    await search(page, site.home, "log out one user");
    const first = await page.locator("#localsearch-list a").first().innerText();
    match(first, /Log out one user everywhere/);
    await page.keyboard.press("Enter");
    await page.waitForURL(`${site.home}how-to/log-out-one-user-everywhere**`, {
      waitUntil: "commit",
    });
  });

  await t.step("the copy button of a terminal session copies the commands only", async () => {
    await using context = await browser.newContext({
      permissions: ["clipboard-read", "clipboard-write"],
    });
    const page = await context.newPage();
    await open(page, `${site.home}tutorial`);
    const blocks = await page.locator(".language-console").all();
    for (const block of blocks) {
      await block.hover();
      await block.locator("button.copy").click();
      const copied = await page.evaluate<string>("navigator.clipboard.readText()");
      const shown = (await block.locator("pre").innerText()).split("\n");
      const commands = shown.filter((line) => line.startsWith("$ ")).map((line) => line.slice(2));
      strictEqual(copied, commands.join("\n"));
    }
    ok(blocks.length > 3);
  });

  await t.step("the plots show every ratio of the table that has a bound", async () => {
    await using context = await browser.newContext();
    const page = await context.newPage();
    await open(page, `${site.home}explanation/benchmarks`);
    const table = page.locator("table", { has: page.locator("th", { hasText: "measured" }) });
    const cells = await Promise.all((await table.locator("tbody tr").all()).map((row) => {
      return row.locator("td").allInnerTexts();
    }));
    const ratios = cells.filter(([, , bound = ""]) => /^[≤≥] [\d.]+$/.test(bound));
    const expected = ratios.map(([figure, measured = ""]) =>
      `${figure}: ${measured.split(" (")[0]}`
    );
    const rows = await page.locator(".plot-row:not(.plot-axis)").all();
    const shown = await Promise.all(rows.map(async (row) => {
      const [label, value] = await row.locator("span").allInnerTexts();
      return `${label}: ${value}`;
    }));
    deepStrictEqual(shown.sort(), expected.sort());
    ok(shown.length > 10);
  });
});

/** Visits every page, several at once, and looks at each at every width. */
async function visitAll(browser: Browser, site: BuiltSite) {
  const visits: Visit[] = [];
  const complaints: string[] = [];
  const foreign: string[] = [];
  const queue = [...site.pages];
  const work = async () => {
    const { page, ...watched } = await watchedPage(browser, site.home);
    for (let path = queue.shift(); path !== undefined; path = queue.shift()) {
      const url = site.home + path;
      await open(page, url);
      for (const viewport of WIDTHS) {
        await page.setViewportSize({ width: viewport, height: 900 });
        visits.push({ url, viewport, ...await page.evaluate<Facts>(FACTS) });
      }
    }
    complaints.push(...watched.complaints);
    foreign.push(...watched.foreign);
    await page.context().close();
  };
  await Promise.all(Array.from({ length: JOBS }, work));
  return { visits, complaints, foreign };
}

/** Opens a page, and waits until its scripts have made it interactive. */
async function open(page: Page, url: string): Promise<void> {
  await page.goto(url, { waitUntil: "load", timeout: PAGE_TIMEOUT_MS });
  await page.waitForFunction(`document.querySelector("#app")?.__vue_app__ !== undefined`);
}

/** Opens the search with the keyboard, and waits for results. */
async function search(page: Page, home: string, words: string): Promise<void> {
  await open(page, home);
  await page.keyboard.press("/");
  await page.locator("#localsearch-input").fill(words);
  await page.locator("#localsearch-list a").first().waitFor();
}

function leads(link: string, ids: ReadonlyMap<string, readonly string[]>, home: string): boolean {
  const [address = "", hash = ""] = link.split("#");
  const found = ids.get(address === home.slice(0, -1) ? home : address);
  return found !== undefined && (hash === "" || found.includes(decodeURIComponent(hash)));
}
