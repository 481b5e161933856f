/** What makes the app use its sessions: the require and the handler in its source. */
import { INITIALIZER, readAppFile } from "../../app/app.ts";
import { moduleOf } from "../../app/source/modules.ts";
import { HANDLER, handlersList, type HandlerUse, handlerUses } from "../../app/source/handlers.ts";
import { addRequire, requiresInitializer } from "../../app/source/require.ts";
import {
  initializerFrom,
  mainFile,
  type SourceFile,
  sourceFiles,
} from "../../app/source/source_files.ts";
import type { WantedFile } from "../../app/plan.ts";

export interface Integration {
  /** Offered changes of the user's own source. */
  readonly wanted: readonly WantedFile[];
  /** The same as steps to do by hand. */
  readonly offered: readonly string[];
  /** Steps for which no change can be offered. */
  readonly steps: readonly string[];
  readonly warnings: readonly string[];
}

/** What the app's source already has. */
interface Survey {
  readonly main: SourceFile | undefined;
  readonly module: string;
  readonly required: boolean;
  readonly uses: readonly (HandlerUse & { readonly path: string })[];
  /** The file with the list of handlers, if there is exactly one. */
  readonly handlersFile: SourceFile | undefined;
  /** The elements of that list; undefined if it is not known. */
  readonly handlers: readonly string[] | undefined;
}

/** @throws {OperationError} if a source file of the app cannot be read. */
export async function planIntegration(root: string, app: string): Promise<Integration> {
  const survey = await surveyOf(root, app);
  const edits = new Map<string, string>();
  const offered: string[] = [];
  const steps: string[] = [];
  const { main, handlersFile } = survey;
  if (!survey.required) {
    const path = initializerFrom(main?.path ?? "src/main.cr");
    const edited = main && addRequire(main.source, path);
    if (main && edited !== undefined) edits.set(main.path, edited);
    const step = `Add to ${main?.path ?? "the app's main file in src/"}: require "${path}"`;
    (edited === undefined ? steps : offered).push(step);
  }
  const replacements = replacementsIn(survey);
  if (survey.uses.length === 0) {
    const element = `${survey.module}::${HANDLER}.new`;
    const before = handlersFile && (edits.get(handlersFile.path) ?? handlersFile.source);
    const list = before === undefined ? undefined : handlersList(before);
    if (handlersFile && list !== undefined) {
      edits.set(handlersFile.path, list.with(element));
      offered.push(`Add at the end of the handlers in ${handlersFile.path}: ${element}`);
    } else steps.push(`Add at the end of the app's handlers: ${element}`);
  }
  return {
    wanted: Array.from(edits, ([path, content]) => ({ path, content, offer: true })),
    offered,
    steps: [...steps, ...replacements.map(({ step }) => step)],
    warnings: replacements.map(({ warning }) => warning),
  };
}

/** The session shard's handler shares one session between all visitors. The user must remove it. */
function replacementsIn({ uses, module }: Survey): { step: string; warning: string }[] {
  const hasOwn = uses.some(({ whose }) => whose === "own");
  return uses.filter(({ whose }) => whose === "shard").map(({ path, line, call }) => ({
    step: hasOwn
      ? `Remove from ${path}, line ${line}: ${call}`
      : `In ${path}, line ${line}, replace ${call} with ${module}::${HANDLER}.new`,
    warning: `${path}, line ${line}, uses the session shard's own handler: ` +
      "with it visitors share sessions",
  }));
}

/** @throws {OperationError} if a source file of the app cannot be read. */
export async function surveyOf(root: string, app: string): Promise<Survey> {
  const main = await mainFile(root, app);
  const module = moduleOf(main?.source ?? "", app);
  const sources = main === undefined ? [] : [main];
  for await (const file of sourceFiles(root)) {
    if (file.path !== main?.path && file.path !== INITIALIZER) sources.push(file);
  }
  const handlersFile = await handlersFileOf(root, sources, main, module);
  return {
    main,
    module,
    required: sources.some(requiresInitializer),
    uses: sources.flatMap(({ path, source }) =>
      handlerUses(source, module).map((use) => ({ ...use, path }))
    ),
    handlersFile,
    handlers: handlersFile && handlersList(handlersFile.source)?.elements,
  };
}

/** The main file, or else the only file in which the app's module lists its handlers. */
async function handlersFileOf(
  root: string,
  sources: readonly SourceFile[],
  main: SourceFile | undefined,
  module: string,
): Promise<SourceFile | undefined> {
  const candidates = sources.filter((file) => listsHandlers(file, file === main, module));
  if (main !== undefined && candidates.includes(main)) return main;
  const [file, another] = candidates;
  if (file === undefined || another !== undefined) return undefined;
  // It has not been checked whether the file is UTF-8. If not, it must not be written back.
  return await readAppFile(root, file.path) === file.source ? file : undefined;
}

/** Outside the main file, only the handlers of the app's module count. */
function listsHandlers({ source }: SourceFile, isMain: boolean, module: string): boolean {
  const list = handlersList(source);
  return list !== undefined && (isMain || list.module === module);
}
