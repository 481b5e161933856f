/** The pages of the site, found in docs/, and the menus that lead to them. */
import { readdirSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";

/** One Markdown file of docs/. */
export interface Page {
  /** Its path in docs/, such as `how-to/install.md`. */
  readonly path: string;
  /** Its first heading, as plain text. */
  readonly title: string;
  /** Its first paragraph, as plain text; undefined if there is none. */
  readonly description: string | undefined;
  readonly text: string;
}

/** An entry of a menu, as VitePress expects it. */
export interface Item {
  readonly text: string;
  readonly link: string;
}

/** A titled list of entries. */
export interface Group {
  readonly text: string;
  readonly items: Item[];
}

/** One kind of documentation: an entry at the top of every page. */
export interface Section extends Item {
  /** Matches the addresses of its pages. */
  readonly activeMatch: string;
}

const SECTIONS: readonly Section[] = [
  { text: "Tutorial", link: "/tutorial", activeMatch: "^/tutorial$" },
  { text: "How-to guides", link: "/how-to/", activeMatch: "^/how-to/" },
  { text: "Reference", link: "/reference/", activeMatch: "^/reference/" },
  {
    text: "Explanation",
    link: "/explanation/proof",
    activeMatch: "^/(explanation/|architecture$)",
  },
];

/** The order of the explanations. They have no index page that lists them. */
const EXPLANATIONS = ["proof", "security", "backup-format", "benchmarks", "limits"].map((name) =>
  `explanation/${name}.md`
);

/** The characters of a description that search engines show, roughly. */
const DESCRIPTION_LENGTH = 160;

/** Reads every page in a folder. */
export function readPages(docs: string): Page[] {
  const paths = readdirSync(docs, { recursive: true, encoding: "utf8" });
  return paths.filter((path) => path.endsWith(".md")).sort().map((file) => {
    const path = file.replaceAll("\\", "/");
    const text = readFileSync(join(docs, file), "utf8");
    const heading = /^# (.+)$/m.exec(text);
    if (heading?.[1] === undefined) throw new Error(`docs/${path} has no first heading`);
    const rest = text.slice(heading.index + heading[0].length);
    return { path, title: plain(heading[1]), description: firstParagraph(rest), text };
  });
}

/** The links at the top of every page. */
export function navigation(repository: string): Item[] {
  return [...SECTIONS, { text: "GitHub", link: repository }];
}

/** The menu beside the pages of each section. The tutorial is one page, and has none. */
export function sidebars(pages: readonly Page[]): Record<string, Group[]> {
  const inFolder = (folder: string) => pages.filter(({ path }) => path.startsWith(folder));
  const place = (page: Page) => EXPLANATIONS.indexOf(page.path);
  const explanations = inFolder("explanation/").sort((a, b) => place(a) - place(b));
  const architecture = pages.filter(({ path }) => path === "architecture.md");
  const explanation = [
    { text: "Explanation", items: explanations.map(item) },
    { text: "For contributors", items: architecture.map(item) },
  ];
  return {
    "/how-to/": groups("How-to guides", inFolder("how-to/")),
    "/reference/": groups("Reference", inFolder("reference/")),
    "/explanation/": explanation,
    "/architecture": explanation,
  };
}

/**
 * The groups in which the index page of a folder lists its pages. Pages that it does not list follow
 * at the end.
 */
function groups(title: string, pages: readonly Page[]): Group[] {
  const index = pages.find(({ path }) =>
    path.split("/").length === 2 && path.endsWith("/index.md")
  );
  if (index === undefined) throw new Error(`${title}: there is no index page`);
  const found: Group[] = [{ text: title, items: [{ ...item(index), text: "Overview" }] }];
  const others = new Map(pages.map((page) => [page.path, page]));
  others.delete(index.path);
  for (const section of index.text.split(/^## /m).slice(1)) {
    const links = section.matchAll(/^(?:-|\|) \[[^\]]*\]\(([^)#:]+\.md)\)/gm);
    const items: Item[] = [];
    for (const [, link = ""] of links) {
      const page = others.get(posix.join(posix.dirname(index.path), link));
      if (page === undefined) continue; // a page of another section, or listed before
      items.push(item(page));
      others.delete(page.path);
    }
    const heading = section.split("\n")[0] ?? "";
    if (items.length > 0) found.push({ text: plain(heading), items });
  }
  if (others.size > 0) found.push({ text: "More", items: Array.from(others.values(), item) });
  return found;
}

function item(page: Page): Item {
  return { text: escapeHtml(page.title), link: address(page.path) };
}

/** `/how-to/install` for `how-to/install.md`. */
function address(path: string): string {
  return `/${path.replace(/\.md$/, "").replace(/(^|\/)index$/, "$1")}`;
}

function firstParagraph(text: string): string | undefined {
  const paragraphs = text.split(/\n{2,}/).map((paragraph) => paragraph.trim());
  const first = paragraphs.find((paragraph) => /^[\p{L}`[*]/u.test(paragraph));
  if (first === undefined) return undefined;
  const whole = plain(first).replace(/\s+/g, " ");
  if (whole.length < DESCRIPTION_LENGTH) return whole;
  const end = whole.lastIndexOf(" ", DESCRIPTION_LENGTH - 1);
  return `${whole.slice(0, end)}…`;
}

/** Markdown without links, code marks and emphasis. */
function plain(markdown: string): string {
  return markdown.replace(/\[([^\]]*)\]\([^)]*\)/g, "$1").replace(/[`*]/g, "");
}

function escapeHtml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}
