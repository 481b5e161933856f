/** The app's module: the one in its source, or else one made from the app's name. */
import { type Token, tokenize } from "../crystal/lexer.ts";
import { type Block, blocksAround, blocksIn } from "../crystal/blocks.ts";
import { TOP_LEVEL_CONSTANTS } from "../crystal/literal.ts";
import { crystalModule } from "../crystal/literal.ts";
import { codeAt, pathAt } from "../crystal/names.ts";
import { handlerMethods } from "./handler_list.ts";
import { mainFile } from "./source_files.ts";

/**
 * The full name of the app's module: `Shop`, `Shop::Web`.
 * @param app The app's name.
 * @throws {OperationError} if the main file cannot be read.
 */
export async function appModule(root: string, app: string): Promise<string> {
  return moduleOf((await mainFile(root, app))?.source ?? "", app);
}

/**
 * The module in the main file that lists the handlers, or else includes Azu. Without one, a name
 * made from the app's name, which nothing else has.
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

/** The modules around a token, joined; undefined if none, or if inside something else too. */
export function modulesAround(
  tokens: readonly Token[],
  blocks: readonly Block[],
  index: number,
): string | undefined {
  const around = blocksAround(blocks, index);
  if (around.length === 0 || around.some(({ keyword }) => keyword !== "module")) return undefined;
  const paths = around.map(({ open }) => pathAt(tokens, open + 1));
  // A generic module cannot be reopened by name.
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

/** Whether the name belongs to a class or the like, which cannot be opened as a module. */
function isClass(tokens: readonly Token[], blocks: readonly Block[], name: string): boolean {
  return blocks.some(({ keyword, open }) =>
    /^(?:class|struct|enum|lib|union|annotation)$/.test(keyword) &&
    pathAt(tokens, open + 1)?.name.path === name && blocksAround(blocks, open).length === 0
  );
}
