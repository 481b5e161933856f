/** What `azu help <topic>` shows. */
import { exampleConfig } from "../../app/init_files.ts";
import { readableVariables } from "../../core/variables.ts";
import { listed } from "../../core/text.ts";
import { variables, WHERE_FROM } from "./environment.ts";
import { exitCodes } from "./exit_codes.ts";
import { list, plain, wrapped } from "./layout.ts";
import { DOCUMENTATION } from "./links.ts";
import type { TopicName } from "./topic_names.ts";

const topics: Readonly<Record<TopicName, (width: number) => string[]>> = {
  environment,
  "exit-codes": exitCodeLines,
  config,
};

/** @param width In columns. */
export function topicLines(name: TopicName, width: number): string[] {
  return topics[name](width);
}

function environment(width: number): string[] {
  const texts = variables.map(({ name, readBy, summary, details }) => {
    const reader = readBy === "the app" ? "Only the app reads it." : "";
    return [name, sentences(summary, details, reader)] as const;
  });
  return [
    "Environment variables",
    "",
    ...paragraph(
      "`azu` uses these variables, and those that the config names with `fromEnv`.",
      width,
    ),
    ...list(texts, width),
    "",
    ...paragraph(WHERE_FROM, width),
    ...paragraph(
      `The code of a config can read ${listed(readableVariables, "and")}, and no others.`,
      width,
    ),
    `${DOCUMENTATION}reference/environment`,
  ];
}

function exitCodeLines(width: number): string[] {
  return [
    "Exit codes",
    "",
    ...list(
      exitCodes.map(({ code, summary, details }) => [String(code), sentences(summary, details)]),
      width,
    ),
    "",
    `${DOCUMENTATION}reference/exit-codes`,
  ];
}

const ABOUT_CONFIG = [
  "`azu.config.ts` says what the app does with its sessions: in which backend they are, under " +
  "which key prefix or in which table, and how long they live. `azu` uses the nearest one, in the " +
  "working folder or above it, or the file that `--config` names. Every key is optional.",
  "`azu init` writes one for the app at hand, and with it `azu.d.ts`, from which editors complete " +
  "and explain every key.",
  "A config is TypeScript or plain JavaScript. Its default export is an object, or a function of " +
  "`{ env }` that returns one. It may import relative files and `node:` modules. It cannot run " +
  "programs, and can read few environment variables: see `azu help environment`.",
  "A command uses the first backend that is named by: `--backend`, the store in " +
  "`src/initializers/session.cr`, `SESSION_BACKEND`, `session.backend` in the config. Values come " +
  "from the config, or else from the environment, or else from `.env`, or else from the defaults.",
];

function config(width: number): string[] {
  return [
    "The config",
    "",
    ...ABOUT_CONFIG.flatMap((text) => paragraph(text, width)),
    "An example:",
    "",
    ...exampleConfig.trimEnd().split("\n").flatMap((line) => codeLines(line, width)),
    "",
    `${DOCUMENTATION}reference/config`,
  ];
}

/** A line of code, indented. A comment is broken to fit. */
function codeLines(line: string, width: number): string[] {
  if (line === "") return [""];
  const [, indent = "", comment] = /^( *)\/\/ (.*)$/.exec(line) ?? [];
  if (comment === undefined) return [`  ${line}`];
  return wrapped(comment, width - indent.length - 5).map((part) => `  ${indent}// ${part}`);
}

function paragraph(text: string, width: number): string[] {
  return [...wrapped(plain(text), width), ""];
}

/** A phrase as a sentence, and the sentences that follow it. */
function sentences(phrase: string, ...more: readonly string[]): string {
  return plain([`${phrase}.`, ...more].filter((text) => text !== "").join(" "));
}
