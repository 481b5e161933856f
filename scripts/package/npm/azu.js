#!/usr/bin/env node
// Runs the executable that one of the optional dependencies brought.
"use strict";

const { spawn } = require("node:child_process");
const { constants } = require("node:os");

const system = `${process.platform}-${process.arch}`;
const program = process.platform === "win32" ? "azu.exe" : "azu";

let path;
try {
  path = require.resolve(`@azu-sessions/${system}/${program}`);
} catch {
  process.stderr.write(
    `azu-sessions: the package @azu-sessions/${system} is not installed.\n` +
      "Install azu-sessions again without leaving out optional dependencies.\n" +
      "There are packages for Linux with glibc and macOS (x64, arm64), and for Windows (x64).\n",
  );
  process.exit(1);
}

// A terminal sends Ctrl-C to both processes: azu decides when to end. Other signals are passed on.
// The handlers run later, but must be there before azu is.
process.on("SIGINT", () => {});
for (const signal of ["SIGTERM", "SIGHUP"]) process.on(signal, () => azu.kill(signal));
const azu = spawn(path, process.argv.slice(2), { stdio: "inherit" });

azu.on("error", (error) => {
  process.stderr.write(`azu-sessions: cannot run ${path}: ${error.message}\n`);
  process.exit(1);
});
azu.on("exit", (code, signal) => {
  process.exit(code ?? 128 + (constants.signals[signal] ?? 0));
});
