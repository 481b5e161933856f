/** What the options of `session:clear` ask for. */
import type { Backend } from "../../../backends/contract.ts";
import { ImpossibleError } from "../../../core/errors.ts";
import type { ParsedArgs } from "../../parse.ts";

/** What is asked of a backend that it cannot do, before anything of it is done. */
export function beyond(
  args: ParsedArgs,
  { name, capabilities }: Backend,
): ImpossibleError | undefined {
  const problems = [
    ...(args.flag("truncate") && capabilities.truncate !== true
      ? ["empty a table at once (--truncate)"]
      : []),
    ...(args.number("wait-replicas") !== undefined && capabilities.replicas !== true
      ? ["tell whether replicas have followed (--wait-replicas)"]
      : []),
  ];
  if (problems.length === 0) return undefined;
  return new ImpossibleError(`The ${name} backend cannot ${problems.join(", nor ")}`, {
    hint: "Nothing was cleared: run the command without that option",
  });
}

/** How the operator wants it done. */
export function wishes(args: ParsedArgs) {
  const [batch, pause] = [args.number("batch"), args.number("pause")];
  const maxLatency = args.number("max-latency");
  return {
    budget: {
      ...(batch === undefined ? {} : { batch }),
      ...(pause === undefined ? {} : { pause }),
      ...(maxLatency === undefined ? {} : { maxLatency }),
    },
    truncate: args.flag("truncate"),
    replicas: args.number("wait-replicas") ?? 0,
    timeout: args.number("timeout"),
  };
}
