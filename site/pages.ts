/** The pages of the site, found in docs/, and the menus that lead to them. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";

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
const EXPLANATIONS = ["proof", "security", "benchmarks", "limits"].map((name) =>
  `explanation/${name}.md`
);

/** Search engines show about so many characters of a description. */
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
  const explanations = inFolder("explanation/");
  const order = (page: Page) => EXPLANATIONS.indexOf(page.path);
  const explanation = [
    { text: "Explanation", items: explanations.sort((a, b) => order(a) - order(b)).map(item) },
    { text: "For contributors", items: inFolder("architecture.md").map(item) },
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
  const others = new Set(pages.filter((page) => page !== index));
  for (const section of index.text.split(/^## /m).slice(1)) {
    const links = section.matchAll(/^(?:-|\|) \[[^\]]*\]\(([^)#:]+\.md)\)/gm);
    const paths = [...links].map(([, link]) => posix.join(dirname(index.path), link ?? ""));
    const listed = paths.flatMap((path) => [...others].find((page) => page.path === path) ?? []);
    listed.forEach((page) => others.delete(page));
    const heading = section.split("\n")[0] ?? "";
    if (listed.length > 0) found.push({ text: plain(heading), items: listed.map(item) });
  }
  if (others.size > 0) found.push({ text: "More", items: [...others].map(item) });
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
  const words = plain(first).split(/\s+/);
  let length = 0;
  const fitting = words.filter((word) => (length += word.length + 1) <= DESCRIPTION_LENGTH);
  return fitting.length < words.length ? `${fitting.join(" ")}…` : fitting.join(" ");
}

/** Markdown without links, code marks and emphasis. */
function plain(markdown: string): string {
  return markdown.replace(/\[([^\]]*)\]\([^)]*\)/g, "$1").replace(/[`*]/g, "");
}

function escapeHtml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}
