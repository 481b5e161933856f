/** The chain of records: what is changed, removed or moved is found. */
import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import { Chain } from "../../src/audit/chain.ts";
import { type Last, parseRecord, recordLine } from "../../src/audit/record.ts";

/** The lines of a log: one run after the other. */
function linesOf(texts: readonly string[]): string[] {
  const lines: string[] = [];
  let last: Last | undefined;
  texts.forEach((text, index) => {
    const kind = index % 2 === 0 ? "begin" : "end";
    const fields = { kind, run: `run ${Math.floor(index / 2)}`, text } as const;
    const line = recordLine(fields, last, new Date(index));
    lines.push(line);
    last = parseRecord(line);
  });
  return lines;
}

function problemOf(lines: readonly string[]): string | undefined {
  const chain = new Chain();
  for (const line of lines) chain.add(line);
  return chain.problem;
}

const texts = fc.array(fc.string({ unit: "binary" }), { minLength: 3, maxLength: 12 });

Deno.test("a log as it was written is in order, whatever texts are in it", () => {
  fc.assert(fc.property(texts, (some) => {
    const lines = linesOf(some);
    strictEqual(problemOf(lines), undefined);
    strictEqual(lines.every((line) => /^[ -~]*$/.test(line)), true);
    deepStrictEqual(lines.map((line) => parseRecord(line)?.["text"]), some);
  }));
});

Deno.test("each record that was changed, removed or moved is found", () => {
  const place = fc.record({ texts, at: fc.nat(), to: fc.nat() });
  fc.assert(fc.property(place, ({ texts, at, to }) => {
    const lines = linesOf(texts);
    const [first, second] = [at % (lines.length - 1), to % lines.length];
    const changed = lines.with(first, (lines[first] ?? "").replace('"kind":"', '"kind":"x'));
    match(problemOf(changed) ?? "", new RegExp(`^Record ${first + 1} was changed`));
    const removed = lines.toSpliced(first, 1);
    match(problemOf(removed) ?? "", new RegExp(`^Record ${first + 1} is not where it belongs`));
    if (first === second) return;
    const swapped = lines.with(first, lines[second] ?? "").with(second, lines[first] ?? "");
    const least = Math.min(first, second) + 1;
    match(problemOf(swapped) ?? "", new RegExp(`^Record ${least} is not where it belongs`));
  }));
});

Deno.test("a record that somebody has written anew is found by the next one", () => {
  const lines = linesOf(["a", "b", "c", "d"]);
  const second = parseRecord(lines[0] ?? "");
  const forged = recordLine({ kind: "end", run: "run 0", text: "other" }, second, new Date(1));
  match(problemOf(lines.with(1, forged)) ?? "", /^Record 2 was replaced: record 3 names another/);
  match(problemOf(lines.with(2, "no record")) ?? "", /^Record 3 cannot be read/);
  match(
    problemOf(lines.slice(1)) ?? "",
    /^Record 1 is not where it belongs: record 2 is the first/,
  );
});
