import type { Host, Output } from "./host.ts";

const CODES = { red: 31, green: 32, yellow: 33, cyan: 36, dim: 2, bold: 1 } as const;

export type Colour = keyof typeof CODES;

/** Colours a text, or leaves it as it is. */
export type Paint = (colour: Colour, text: string) => string;

/** Colour is for people: a terminal that can show it, and nobody who asked for none. */
export function painter(host: Host, output: Output): Paint {
  const coloured = output.isTerminal && host.env("NO_COLOR") === undefined &&
    host.env("TERM") !== "dumb";
  if (!coloured) return (_colour, text) => text;
  return (colour, text) => `\u001b[${CODES[colour]}m${text}\u001b[0m`;
}
