import { ExitCode, UsageError } from "../../../core/errors.ts";
import { nearest } from "../../../core/nearest.ts";
import { helpWidth } from "../../help/layout.ts";
import { topicLines } from "../../help/topics.ts";
import { topicNames } from "../../help/topic_names.ts";
import { summaries } from "../../summaries.ts";
import type { Host } from "../../terminal/host.ts";
import type { Reporter } from "../../terminal/reporter.ts";

/** `azu help <topic>`. Help is text, also with `--json`. */
export function showTopic(
  host: Host,
  { topic }: { readonly topic: string },
  reporter: Reporter,
): Promise<ExitCode> {
  const found = topicNames.find((name) => name === topic);
  if (found === undefined) throw unknownTopic(topic);
  reporter.data(topicLines(found, helpWidth(host.stdout)));
  return Promise.resolve(ExitCode.ok);
}

function unknownTopic(topic: string): UsageError {
  const meant = nearest(topic, [...Object.keys(summaries), ...topicNames]);
  return new UsageError(`There is no help on "${topic}"`, {
    hint: meant === undefined
      ? `The topics are the commands, ${topicNames.join(", ")}`
      : `Did you mean azu help ${meant}?`,
  });
}
