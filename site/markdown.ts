import type { MarkdownRenderer } from "vitepress";

/** The longest code, in characters, that fits into a line of a phone. */
const UNBROKEN = 30;

/**
 * A plugin for markdown-it. Puts every table into a box, in which a wide table scrolls. The box can
 * have the focus, so that the keyboard scrolls it too.
 */
export function boxTables(md: MarkdownRenderer): void {
  md.renderer.rules["table_open"] = () => '<div class="table-box" tabindex="0"><table>\n';
  md.renderer.rules["table_close"] = () => "</table></div>\n";
}

/** A plugin for markdown-it. Marks short code in a text, so that no line ends within an option. */
export function markShortCode(md: MarkdownRenderer): void {
  const render = md.renderer.rules.code_inline;
  if (render === undefined) throw new Error("markdown-it has no rule for code in a text");
  md.renderer.rules.code_inline = (tokens, index, ...rest) => {
    const token = tokens[index];
    if (token && token.content.length <= UNBROKEN) token.attrJoin("class", "unbroken");
    return render(tokens, index, ...rest);
  };
}

/** The anchor of a heading: the same as on GitHub, so that a link works on both. */
export function slug(heading: string): string {
  const kept = heading.trim().toLowerCase().replace(/[^\p{L}\p{M}\p{N}\p{Pc}\- ]/gu, "");
  return kept.replaceAll(" ", "-");
}
