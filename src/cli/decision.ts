import type { Target } from "../backends/contract.ts";
import { type Choice, decisionText } from "../config/choose.ts";
import { type Environment, namedByText } from "../config/project.ts";
import { printable } from "../core/text.ts";

/** Formats the backend and how it was selected, the environment, and the target. */
export function decisionLine(
  choice: Choice,
  environment: Environment,
  { address, addressFrom, pattern, table }: Target,
): string {
  const { nodeCache } = choice.backend;
  const source = addressFrom === undefined ? "" : ` (from ${addressFrom})`;
  const parts = [
    decisionText(choice),
    `environment ${printable(environment.name)} (${namedByText(environment)})`,
    ...(address === undefined ? [] : [`target ${address}${source}`]),
    ...(pattern === undefined ? [] : [`keys ${pattern}`]),
    ...(table === undefined ? [] : [`table ${table}`]),
    ...(nodeCache === undefined ? [] : [`channel ${nodeCache.channel}`]),
  ];
  return parts.join(", ");
}

/** `redis (redis://localhost:6379, keys shop:*)` */
export function placeText(
  { choice: { backend }, target }: { readonly choice: Choice; readonly target: Target },
): string {
  const { address, pattern, table } = target;
  const parts = [
    address,
    pattern === undefined ? undefined : `keys ${pattern}`,
    table === undefined ? undefined : `table ${table}`,
  ].filter((part) => part !== undefined);
  return `${backend.name}${parts.length === 0 ? "" : ` (${parts.join(", ")})`}`;
}
