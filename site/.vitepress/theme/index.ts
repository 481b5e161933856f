/** VitePress's own theme without its fonts, in the colours of style.css. */
import { useData } from "vitepress";
import theme from "vitepress/theme-without-fonts";
import { h } from "vue";
import "./style.css";

export default {
  extends: theme,
  Layout: () => h(theme.Layout, null, { "not-found": () => h(NotFound) }),
};

/** What is shown at an address that does not exist. */
function NotFound() {
  const { site, theme: settings } = useData();
  const base = site.value.base.replace(/\/$/, "");
  const links = settings.value.nav.filter(({ link }: { link: string }) => link.startsWith("/"));
  return h("main", { class: "vp-doc not-found" }, [
    h("h1", "Page not found"),
    h("p", "There is no page at this address. Search for it, or start from one of these:"),
    h("ul", [
      h("li", h("a", { href: site.value.base }, "Home page")),
      ...links.map(({ text, link }: { text: string; link: string }) =>
        h("li", h("a", { href: base + link }, text))
      ),
    ]),
  ]);
}
