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
}

/** An entry of a menu, as VitePress expects it. */
export interface Item {
  readonly text: string;
  readonly link: string;
}

/** A titled list of entries. */
export interface Group {
  readonly text: string;
  readonly items: (Item | Group)[];
}

/** The order of the pages that no index page lists. */
const ORDER = ["tutorial.md", "explanation/proof.md", "explanation/security.md"];

/** Search results and link previews show about so many characters. */
const DESCRIPTION_LENGTH = 160;

/** Reads the title and the description of every page in a folder. */
export function readPages(docs: string): Page[] {
  const paths = readdirSync(docs, { recursive: true, encoding: "utf8" });
  return paths.filter((path) => path.endsWith(".md")).sort().map((file) => {
    const path = file.replaceAll("\\", "/");
    const text = readFileSync(join(docs, file), "utf8");
    const heading = /^# (.+)$/m.exec(text);
    if (heading?.[1] === undefined) throw new Error(`docs/${path} has no first heading`);
    const rest = text.slice(heading.index + heading[0].length);
    return { path, title: plain(heading[1]), description: firstParagraph(rest) };
  });
}

/** The links at the top of every page. */
export function navigation(pages: readonly Page[], repository: string): Item[] {
  const entries: readonly [string, string][] = [
    ["Tutorial", "tutorial.md"],
    ["How-to guides", "how-to/index.md"],
    ["Reference", "reference/index.md"],
    ["Explanation", "explanation/proof.md"],
  ];
  const existing = entries.filter(([, path]) => pages.some((page) => page.path === path));
  const items = existing.map(([text, path]) => ({ text, link: address(path) }));
  return [...items, { text: "GitHub", link: repository }];
}

/** The menu beside every page. It contains all pages except the home page. */
export function sidebar(pages: readonly Page[], docs: string): Group[] {
  const inFolder = (folder: string) => pages.filter(({ path }) => dirname(path) === folder);
  const isTutorial = (page: Page) => page.path === "tutorial.md";
  const isHome = (page: Page) => page.path === "index.md";
  const top = inFolder(".").filter((page) => !isHome(page));
  const groups: Group[] = [
    { text: "Tutorial", items: items(top.filter(isTutorial), docs) },
    { text: "How-to guides", items: items(inFolder("how-to"), docs) },
    {
      text: "Reference",
      items: [
        ...items(inFolder("reference"), docs),
        { text: "Commands", items: items(inFolder("reference/commands"), docs) },
      ],
    },
    {
      text: "Explanation",
      items: items([...inFolder("explanation"), ...top.filter((page) => !isTutorial(page))], docs),
    },
  ];
  return groups.map(withoutEmpty).filter((group) => group.items.length > 0);
}

/** Entries in the order in which the folder's index page links to them, then by name. */
function items(pages: readonly Page[], docs: string): Item[] {
  const index = pages.find(({ path }) => path.endsWith("/index.md"));
  const order = index === undefined ? ORDER : [index.path, ...linksOf(index, docs)];
  const place = ({ path }: Page) => order.includes(path) ? order.indexOf(path) : order.length;
  const sorted = [...pages].sort((a, b) => place(a) - place(b) || (a.path < b.path ? -1 : 1));
  return sorted.map((page) => ({
    text: page === index ? "Overview" : escapeHtml(page.title),
    link: address(page.path),
  }));
}

function linksOf(page: Page, docs: string): string[] {
  const text = readFileSync(join(docs, page.path), "utf8");
  const links = text.matchAll(/\]\(([^)#:]+\.md)/g);
  return [...links].map(([, link]) => posix.join(dirname(page.path), link ?? ""));
}

function withoutEmpty(group: Group): Group {
  const isEmpty = (item: Item | Group) => "items" in item && item.items.length === 0;
  return { text: group.text, items: group.items.filter((item) => !isEmpty(item)) };
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
