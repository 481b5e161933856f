/** The text of a declaration as its author wrote it. */
import { ts } from "./compiler.ts";

/** The JSDoc comment above a declaration, its newline included; empty where there is none. */
export function docOf(declaration: ts.Node): string {
  const comment = ts.getJSDocCommentsAndTags(declaration).filter(ts.isJSDoc).at(-1);
  if (comment === undefined) return "";
  const text = declaration.getSourceFile().text;
  const gap = text.slice(comment.getEnd(), declaration.getStart());
  // Behind an empty line, it was the module's.
  return /\n\s*\n/.test(gap) ? "" : `${comment.getText()}\n`;
}

/** Whether the declaration says its type in full: nothing of it is inferred from a value. */
export function isWrittenOut(declaration: ts.Node): boolean {
  return !contains(declaration, (node) => ts.isTypeQueryNode(node));
}

/** A function without its body, a type as it is; nothing is exported. */
export function copied(declaration: ts.Declaration): string {
  if (!ts.isFunctionDeclaration(declaration)) {
    return declaration.getText().replace(/^export /, "");
  }
  const { name, typeParameters, parameters, type } = declaration;
  if (name === undefined || type === undefined) {
    throw new TypeError("Cannot declare a function that does not say what it returns");
  }
  const types = typeParameters?.map((parameter) => parameter.getText()).join(", ");
  return `function ${name.text}${types === undefined ? "" : `<${types}>`}(` +
    `${parameters.map(parameterText).join(", ")}): ${type.getText()};`;
}

function parameterText(parameter: ts.ParameterDeclaration): string {
  const { name, type, questionToken, initializer, dotDotDotToken } = parameter;
  if (type === undefined) throw new TypeError(`Cannot declare ${name.getText()}: it has no type`);
  const isOptional = questionToken !== undefined || initializer !== undefined;
  return `${dotDotDotToken === undefined ? "" : "..."}${name.getText()}${isOptional ? "?" : ""}: ` +
    type.getText();
}

/** The types that a declaration names, in their order, without those of the language itself. */
export function namesIn(declaration: ts.Node, program: ts.Program): ts.Symbol[] {
  const found = new Set<ts.Symbol>();
  contains(declaration, (node) => {
    const name = ts.isTypeReferenceNode(node)
      ? node.typeName
      : ts.isExpressionWithTypeArguments(node)
      ? node.expression
      : undefined;
    const symbol = name && resolve(name, program.getTypeChecker());
    if (symbol !== undefined && isOurs(symbol, program)) found.add(symbol);
    return false;
  });
  return [...found];
}

function resolve(name: ts.Node, checker: ts.TypeChecker): ts.Symbol | undefined {
  const symbol = checker.getSymbolAtLocation(name);
  if (symbol === undefined) throw new TypeError(`Cannot find what ${name.getText()} means`);
  return symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
}

function isOurs(symbol: ts.Symbol, program: ts.Program): boolean {
  return (symbol.declarations ?? []).some((declaration) => {
    const file = declaration.getSourceFile();
    if (ts.isTypeParameterDeclaration(declaration)) return false;
    if (program.isSourceFileDefaultLibrary(file)) return false;
    if (file.isDeclarationFile) throw new TypeError(`${symbol.name} is a package's own type`);
    return true;
  });
}

function contains(node: ts.Node, is: (node: ts.Node) => boolean): boolean {
  if (is(node)) return true;
  // A function's body is not part of its type.
  return ts.forEachChild(node, (child) => !ts.isBlock(child) && contains(child, is)) ?? false;
}
