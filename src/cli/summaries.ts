/** The commands, and what each does in a line. */
export const summaries = {
  init: "Write a commented azu.config.ts, and its types for editors",
  "session:setup": "Set up the sessions of the app in this folder",
  "session:status": "Show how many sessions there are, and whether the store is well",
  "session:list": "Show sessions: whose they are, and since when",
  "session:revoke": "Remove the sessions of a selection: logs out their users",
  "session:sweep": "Remove expired sessions",
  "session:copy": "Copy sessions to another store, without logging anyone out",
  "session:secret": "Make a new secret, rotate it, or judge the one in use",
  "session:clear": "Remove every session from the store: logs out all users",
  "session:doctor": "Check config, secret, app, store and cookie, and say what to fix",
  "audit:list": "Show what was done with sessions: when, by whom, and how it ended",
  "audit:verify": "Check that the audit log is complete and unchanged",
  completion: "Print the script that completes azu's commands in a shell",
  help: "Show the help of a command or a topic",
} as const;

export type CommandName = keyof typeof summaries;
