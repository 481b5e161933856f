import { addExamples, newCommand, type Run, wordArgument } from "../../program.ts";
import { summaries } from "../../summaries.ts";
import { topicNames } from "../../help/topic_names.ts";

const definition = () =>
  addExamples(
    newCommand(
      "help",
      "A topic is one of environment (the environment variables), exit-codes and config.",
    )
      .usage("[command or topic]")
      .addArgument(
        wordArgument("[topic]", "A command or a topic", [...Object.keys(summaries), ...topicNames]),
      ),
    [
      ["The options of a command", "azu help session:clear"],
      ["The environment variables", "azu help environment"],
    ],
  );

/** `azu help` */
export function helpCommand(run: Run) {
  const command = definition();
  return command.action(async (topic) => {
    const program = command.parent;
    const named = topic === undefined
      ? program
      : program?.commands.find((other) => other.name() === topic);
    if (named) named.outputHelp();
    else await run((await import("./action.ts")).showTopic, { topic: topic ?? "" });
  });
}
