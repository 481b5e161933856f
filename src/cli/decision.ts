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
