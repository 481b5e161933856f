/** Shells on a pseudo-terminal, in which `azu` is the tool and its completion is installed. */
import { join } from "node:path";
import { runAzu, spawnAzu, subjectWords } from "../../support/cli.ts";
import { service } from "../../support/env.ts";
import { RunningProcess } from "../../support/process.ts";
import { shellQuote } from "../../support/shell.ts";
import { tempDir, writeTree } from "../../support/temp.ts";

export type ShellName = "bash" | "bash with bash-completion" | "zsh" | "fish";
