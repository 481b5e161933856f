/**
 * The documentation site: `./denow task docs` builds docs/ into dist/site.
 * `DOCS_BASE` is the path that the site is served under, with a slash at both ends.
 */
import { join } from "node:path";
import { defineConfig } from "vitepress";
import { consoleBlocks } from "../console_blocks.ts";
import { packagesOfSite } from "../packages.ts";
import { plotResults } from "../plots.ts";
import { navigation, readPages, sidebars } from "../pages.ts";
import { accessibleSearch } from "../accessible_search.ts";
import { boxTables, markShortCode, slug } from "../markdown.ts";

const ROOT = join(import.meta.dirname ?? "", "../..");
const DOCS = join(ROOT, "docs");
const REPOSITORY = "https://github.com/azutoolkit/azu-sessions";
const BASE = process.env["DOCS_BASE"] ?? "/azu-sessions/";

const pages = readPages(DOCS);

/**
 * Whoever searches mostly wants to do something, and a page about it rather than a section. VitePress
 * moves the text of this function into the page, so it uses nothing outside.
 */
function preferRecipes(id: string, _term: string, stored?: Record<string, unknown>): number {
  // It has only links, and every recipe has one. Zero leaves it out.
  if (stored?.title === "Related pages") return 0;
  const isPage = Array.isArray(stored?.titles) && stored.titles.length === 0;
  return (id.includes("/how-to/") ? 1.5 : 1) * (isPage ? 1.5 : 1);
}

export default defineConfig({
  srcDir: DOCS,
  outDir: join(ROOT, "dist/site"),
  base: BASE,
  cleanUrls: true,
  // Otherwise every page loads all pages of its menu.
  router: { prefetchLinks: false },
  title: "azu",
  description: "Sets up, shows and clears the sessions of Azu web apps.",
  lang: "en",
  sitemap: { hostname: `https://azutoolkit.github.io${BASE}` },
  head: [
    ["link", { rel: "icon", href: `${BASE}favicon.svg`, type: "image/svg+xml" }],
    ["meta", { name: "theme-color", content: "#0b5cab" }],
  ],
  themeConfig: {
    logo: { src: "/favicon.svg", alt: "" },
    nav: navigation(REPOSITORY),
    sidebar: sidebars(pages),
    outline: { level: [2, 3], label: "On this page" },
    search: {
      provider: "local",
      options: {
        miniSearch: {
          searchOptions: {
            fuzzy: 0.1,
            boost: { title: 4, titles: 1, text: 1 },
            boostDocument: preferRecipes,
          },
        },
      },
    },
    editLink: { pattern: `${REPOSITORY}/edit/main/docs/:path`, text: "Edit this page on GitHub" },
    externalLinkIcon: false,
  },
  markdown: {
    theme: { light: "github-light-high-contrast", dark: "github-dark-default" },
    anchor: { slugify: slug },
    codeTransformers: [consoleBlocks],
    config(md) {
      boxTables(md);
      markShortCode(md);
      plotResults(md);
    },
  },
  transformPageData(page) {
    const description = pages.find(({ path }) => path === page.relativePath)?.description;
    if (description !== undefined) page.description = description;
    if (page.relativePath === "index.md") {
      Object.assign(page.frontmatter, {
        pageClass: "home-page",
        sidebar: false,
        aside: false,
        editLink: false,
        prev: false,
        next: false,
      });
    }
  },
  vite: { plugins: [packagesOfSite(), accessibleSearch()] },
});
