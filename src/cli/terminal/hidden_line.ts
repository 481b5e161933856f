/** A terminal from which a secret is typed. */
export interface Terminal {
  /** Whether typed characters are passed on at once, and not shown. Ctrl-C still interrupts. */
  setHidden(hidden: boolean): void;
  read(bytes: Uint8Array): Promise<number | null>;
}

const BACKSPACES = [0x08, 0x7f];
const LINE_ENDS = [0x0a, 0x0d];
const CTRL_D = 0x04;
const CTRL_U = 0x15;

/**
 * Reads a line that the terminal does not show. Backspace removes a character, and Ctrl-U all.
 * @param ask Shows the question, now that an answer would not be shown.
 * @returns undefined after Ctrl-D, at the end of the input, or when aborted.
 */
export async function readHiddenLine(
  terminal: Terminal,
  signal: AbortSignal,
  ask: () => void,
): Promise<string | undefined> {
  const aborted = new Promise<undefined>((resolve) => {
    if (signal.aborted) resolve(undefined);
    signal.addEventListener("abort", () => resolve(undefined), { once: true });
  });
  terminal.setHidden(true);
  try {
    ask();
    return await Promise.race([typedLine(terminal), aborted]);
  } finally {
    terminal.setHidden(false);
  }
}

async function typedLine(terminal: Terminal): Promise<string | undefined> {
  let line: number[] = [];
  const byte = new Uint8Array(1); // what is typed after the line is left for the next question
  while (await terminal.read(byte) !== null) {
    const [key = CTRL_D] = byte;
    if (key === CTRL_D) return undefined;
    if (LINE_ENDS.includes(key)) return new TextDecoder().decode(new Uint8Array(line));
    if (key === CTRL_U) line = [];
    else if (BACKSPACES.includes(key)) removeCharacter(line);
    else line.push(key);
  }
  return undefined;
}

/** Removes the last character of UTF-8, which may have several bytes. */
function removeCharacter(line: number[]): void {
  let removed = line.pop();
  while (removed !== undefined && (removed & 0xc0) === 0x80) removed = line.pop();
}
