/** The options of `session:clear`. */
import { backend, type CommandSpec } from "../../option_spec.ts";

export const sessionClear = {
  summary: "Remove every session from the store: logs out all users",
  details: [
    "Asks first, unless --force is given. The backend is that of --backend, else the store in",
    "src/initializers/session.cr, else SESSION_BACKEND, else session.backend in azu.config.ts,",
    "else redis. Only keys under the configured prefix, or rows of the configured table, are",
    "ever touched. Where several nodes of the app cache sessions of one Redis, they are then told",
    "to drop them. It slows down by itself where it makes the store slow; a duration is a number",
    "with ms, s or m, or milliseconds.",
  ],
  options: {
    backend,
    force: { type: "boolean", short: "f", summary: "Do not ask" },
    "dry-run": { type: "boolean", summary: "Count the sessions; remove none" },
    "no-broadcast": {
      type: "boolean",
      summary: "Do not tell app nodes to drop the sessions that they cache",
    },
    batch: {
      type: "string",
      value: "<n>",
      number: { kind: "whole", least: 1, most: 100_000 },
      summary: "The most that is asked of the store at once: keys or rows",
    },
    pause: {
      type: "string",
      value: "<time>",
      number: { kind: "duration", least: 0, most: 60_000 },
      summary: "Rest after each batch, for example 50ms",
    },
    "max-latency": {
      type: "string",
      value: "<time>",
      number: { kind: "duration", least: 1, most: 60_000 },
      summary: "Slow down where the store keeps a batch waiting for longer",
    },
    timeout: {
      type: "string",
      value: "<time>",
      number: { kind: "duration", least: 1, most: 60_000 },
      summary: "Time to connect and log in to a server, and for replicas to follow (default: 5s)",
    },
    "wait-replicas": {
      type: "string",
      value: "<n>",
      number: { kind: "whole", least: 1, most: 1000 },
      summary: "Fail unless so many replicas of each Redis have followed",
    },
    truncate: {
      type: "boolean",
      summary: "Empty the table at once (PostgreSQL): fast, and locks it",
    },
  },
  examples: [
    ["Count what would be cleared", "azu session:clear --dry-run"],
    ["Log everybody out", "azu session:clear"],
    ["The same in a script, with an answer to parse", "azu session:clear --force --json"],
    ["Clear the production store", "AZU_ENV=production azu session:clear"],
    ["Clear a store that is busy, gently", "azu session:clear --batch 100 --pause 50ms"],
  ],
} as const satisfies CommandSpec;
