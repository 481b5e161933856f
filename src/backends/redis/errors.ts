/** Failures of Redis as sentences that a reader can act on. */
import { AzuError, messageOf, OperationError } from "../../core/errors.ts";
import { redact, secretsOf } from "../../core/redact.ts";
import { printable } from "../../core/text.ts";
import { explanationOf } from "./explanations.ts";
import { nameOf, type NodeAddress, type RedisEndpoint } from "./url.ts";
import { RespError } from "./resp/protocol.ts";

/**
 * A failure as a sentence about the (redacted) server; our own errors stay as they are.
 * @param node Which of several servers it was.
 */
export function explainRedisError(
  error: unknown,
  endpoint: RedisEndpoint,
  node?: NodeAddress,
): AzuError {
  if (error instanceof AzuError) return error;
  const message = detailsOf(error);
  const known = explanationOf(message);
  const problem = known?.problem ?? "Redis reported an error";
  // Redis repeats the arguments of a command that it does not know, and those are session keys.
  const detail = message.replace(/,? with args beginning with:.*$/s, "");
  const safe = printable(redact(detail, [...secretsOf(endpoint.url), endpoint.password]));
  const where = node === undefined || isNamed(node, endpoint) ? "" : ` at ${nameOf(node)}`;
  return new OperationError(`${problem}${where} (${endpoint.address}: ${safe})`, {
    ...(known === undefined ? {} : { hint: known.hint }),
    cause: error,
  });
}

/** Whether the URL alone tells which server a message is about. */
function isNamed(node: NodeAddress, { nodes, sentinelMaster }: RedisEndpoint): boolean {
  return nodes.length === 1 && sentinelMaster === undefined && nameOf(nodes[0]) === nameOf(node);
}

/** The kind of error, where the message does not tell it, and the message. */
function detailsOf(error: unknown): string {
  if (error instanceof RespError || !(error instanceof Error)) return messageOf(error);
  return error.name === "Error" ? error.message : `${error.name}: ${error.message}`;
}
