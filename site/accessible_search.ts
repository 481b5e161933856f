/**
 * VitePress's search has the wrong roles: its dialog is a button, and its results are options that
 * contain links. Screen readers do not show what is inside such elements. This plugin corrects the
 * templates.
 */
interface Correction {
  readonly from: string | RegExp;
  readonly to: string;
}

const CORRECTIONS: Readonly<Record<string, readonly Correction[]>> = {
  "VPLocalSearchBox.vue": [
    {
      from:
        /role="button"\s+:aria-owns="[^"]*"\s+aria-expanded="true"\s+aria-haspopup="listbox"\s+aria-labelledby="localsearch-label"/,
      to: 'role="dialog" aria-modal="true" aria-label="Search"',
    },
    {
      from: /:id="'localsearch-item-' \+ index"\s+:aria-selected="[^"]*"\s+role="option"/,
      to: 'role="presentation"',
    },
    {
      from: `:aria-label="[...p.titles, p.title].join(' > ')"`,
      to:
        `:id="'localsearch-item-' + index" role="option" :aria-selected="selectedIndex === index"`,
    },
    { from: /<kbd :aria-label/g, to: '<kbd role="img" :aria-label' },
  ],
  "VPNavBarSearchButton.vue": [
    // The label would differ from the text that is shown. On a phone, pages.css hides the text from
    // the eye only.
    { from: ` :aria-label="translate('button.buttonAriaLabel')"`, to: "" },
    { from: '"DocSearch-Button-Keys"', to: '"DocSearch-Button-Keys" aria-hidden="true"' },
  ],
};

/** A plugin for Vite. It fails if a new version of VitePress has changed the templates. */
export function accessibleSearch() {
  return {
    name: "accessible-search",
    enforce: "pre" as const,
    transform(code: string, id: string): string | undefined {
      const name = id.split("/").at(-1) ?? "";
      const corrections = CORRECTIONS[name];
      return corrections?.reduce((text, { from, to }) => {
        const corrected = text.replace(from, to);
        if (corrected === text) throw new Error(`VitePress has changed ${name}`);
        return corrected;
      }, code);
    },
  };
}
