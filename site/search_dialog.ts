/**
 * VitePress declares its search box as a button that contains other controls, which screen readers
 * do not show. This plugin declares it as a dialog.
 */
const COMPONENT = "/VPLocalSearchBox.vue";
const BUTTON =
  /role="button"\s+:aria-owns="[^"]*"\s+aria-expanded="true"\s+aria-haspopup="listbox"\s+aria-labelledby="localsearch-label"/;
const DIALOG = 'role="dialog" aria-modal="true" aria-label="Search"';

/** A plugin for Vite. It fails if VitePress has changed the search box. */
export function searchDialog() {
  return {
    name: "search-dialog",
    enforce: "pre" as const,
    transform(code: string, id: string): string | undefined {
      if (!id.endsWith(COMPONENT)) return undefined;
      if (!BUTTON.test(code)) throw new Error("The search box of VitePress has changed");
      return code.replace(BUTTON, DIALOG);
    },
  };
}
