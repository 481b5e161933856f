/** The app's module: where its source has one, that; else one made from the app's name. */
import { type Token, tokenize } from "../crystal/lexer.ts";
import { type Block, blocksAround, blocksIn } from "../crystal/blocks.ts";
import { TOP_LEVEL_CONSTANTS } from "../crystal/literal.ts";
import { crystalModule } from "../crystal/literal.ts";
import { codeAt, pathAt } from "../crystal/names.ts";
import { handlerMethods } from "./handlers.ts";
import { mainFile } from "./main_file.ts";

/**
 * The name of the app's module, as code outside of it writes it: `Shop`, `Shop::Web`.
 * @param app The app's name.
 * @throws {OperationError} where the main file cannot be read.
 */
export async function appModule(root: string, app: string): Promise<string> {
  return moduleOf((await mainFile(root, app))?.source ?? "", app);
}

/**
 * The module of a main file that lists the handlers, else that includes Azu, else a name made from
 * the app's that means nothing else yet.
 */
export function moduleOf(source: string, app: string): string {
  const tokens = tokenize(source);
  const blocks = blocksIn(tokens) ?? [];
  const places = [...handlerMethods(tokens, blocks), ...includesOfAzu(tokens)];
  for (const index of places) {
    const path = modulesAround(tokens, blocks, index);
    if (path !== undefined) return path;
  }
  const name = crystalModule(app);
  const taken = TOP_LEVEL_CONSTANTS.has(name) || isClass(tokens, blocks, name);
  return taken ? `${name}App` : name;
}

/** The modules around a token, joined; undefined where there is none, or anything else around. */
export function modulesAround(
  tokens: readonly Token[],
  blocks: readonly Block[],
  index: number,
): string | undefined {
  const around = blocksAround(blocks, index);
  if (around.length === 0 || around.some(({ keyword }) => keyword !== "module")) return undefined;
  const paths = around.map(({ open }) => pathAt(tokens, open + 1));
  // A generic module is no name to put anything into.
  if (paths.some((path) => path === undefined || codeAt(tokens, path.end) === "(")) {
    return undefined;
  }
  return paths.map((path) => path?.name.path).join("::");
}

function includesOfAzu(tokens: readonly Token[]): number[] {
  return [...tokens.keys()].filter((at) => {
    const path = codeAt(tokens, at) === "include" ? pathAt(tokens, at + 1) : undefined;
    return path?.name.path === "Azu" && /^;?$/.test(codeAt(tokens, at - 1));
  });
}

/** Whether the name is that of something which is no module: that cannot be opened as one. */
function isClass(tokens: readonly Token[], blocks: readonly Block[], name: string): boolean {
  return blocks.some(({ keyword, open }) =>
    /^(?:class|struct|enum|lib|union|annotation)$/.test(keyword) &&
    pathAt(tokens, open + 1)?.name.path === name && blocksAround(blocks, open).length === 0
  );
}
