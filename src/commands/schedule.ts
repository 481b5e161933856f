/** Text that makes a scheduler run a command every hour. */
import { UsageError } from "../core/errors.ts";

export const schedulers = ["cron", "systemd", "kubernetes"] as const;

export type Scheduler = typeof schedulers[number];

export interface Scheduled {
  /** What the command does with the sessions of an app: `Remove the expired sessions of shop`. */
  readonly purpose: string;
  /** A word for names of units and jobs: `sweep`. */
  readonly name: string;
  /** The app's name. */
  readonly app: string;
  /** The folder of the app, an absolute path. */
  readonly root: string;
  /** The executable of azu: an absolute path, or `azu`. */
  readonly executable: string;
  /** Its arguments. */
  readonly args: readonly string[];
}

/** Once an hour, and not when all other hourly jobs begin. */
const MINUTE = 17;

/**
 * @returns lines.
 * @throws {UsageError} if a path or an argument cannot be written in the scheduler's language.
 */
export function scheduleText(scheduler: Scheduler, scheduled: Scheduled): readonly string[] {
  const { root, executable, args } = scheduled;
  if ([root, executable, ...args].some((text) => /\p{Cc}/u.test(text))) {
    throw new UsageError("A path or option with a control character cannot be scheduled");
  }
  switch (scheduler) {
    case "cron":
      return cron(scheduled);
    case "systemd":
      return systemd(scheduled);
    case "kubernetes":
      return kubernetes(scheduled);
  }
}

function cron({ purpose, root, executable, args }: Scheduled): string[] {
  const command = `cd ${inShell(root)} && ${[executable, ...args].map(inShell).join(" ")}`;
  return [
    `# ${purpose} every hour. For \`crontab -e\` of the app's user.`,
    "# cron starts commands with few variables: azu reads the others from .env in that folder.",
    // In a crontab, % is a line break.
    `${MINUTE} * * * * ${command.replaceAll("%", "\\%")}`,
  ];
}

function inShell(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

function systemd({ app, purpose, name: word, root, executable, args }: Scheduled): string[] {
  const name = `azu-${word}-${slug(app)}`;
  const quoted = args.map((text) => {
    const escaped = text.replace(/[\\"]/g, "\\$&").replaceAll("%", "%%").replaceAll("$", "$$$$");
    return `"${escaped}"`;
  });
  const folder = root.replaceAll("%", "%%");
  return [
    `# /etc/systemd/system/${name}.service`,
    "[Unit]",
    `Description=${purpose.replaceAll("%", "%%")}`,
    "After=network-online.target",
    "Wants=network-online.target",
    "",
    "[Service]",
    "Type=oneshot",
    "# The app's user: it must be able to read the folder.",
    "#User=",
    `WorkingDirectory=${folder}`,
    `ExecStart="${executable.replaceAll("%", "%%")}" ${quoted.join(" ")}`,
    "Nice=10",
    "NoNewPrivileges=yes",
    "PrivateTmp=yes",
    "",
    `# /etc/systemd/system/${name}.timer`,
    "[Unit]",
    `Description=${purpose.replaceAll("%", "%%")} every hour`,
    "",
    "[Timer]",
    `OnCalendar=*-*-* *:${MINUTE}:00`,
    "RandomizedDelaySec=5m",
    "Persistent=yes",
    "",
    "[Install]",
    "WantedBy=timers.target",
    "",
    "# Then:",
    "#   systemctl daemon-reload",
    `#   systemctl enable --now ${name}.timer`,
  ];
}

function kubernetes({ app, purpose, name: word, args }: Scheduled): string[] {
  const dns = slug(app).toLowerCase().replaceAll(/[^a-z0-9-]+/g, "-").slice(0, 40);
  const name = dns.replace(/^-+|-+$/g, "") || "app";
  return [
    `# ${purpose} every hour.`,
    "# State your image, which needs azu and the app's azu.config.ts, and the secret with the",
    "# app's variables.",
    "apiVersion: batch/v1",
    "kind: CronJob",
    "metadata:",
    `  name: azu-${word}-${name}`,
    "spec:",
    `  schedule: "${MINUTE} * * * *"`,
    "  concurrencyPolicy: Forbid",
    "  jobTemplate:",
    "    spec:",
    "      backoffLimit: 0",
    "      activeDeadlineSeconds: 3000",
    "      template:",
    "        spec:",
    "          restartPolicy: Never",
    "          containers:",
    "            - name: azu",
    "              image: registry.example/app-with-azu:tag",
    "              workingDir: /app",
    // JSON is YAML. Kubernetes would replace $(NAME).
    `              command: ${JSON.stringify(["azu", ...args]).replaceAll("$(", "$$$$(")}`,
    "              envFrom:",
    "                - secretRef:",
    `                    name: ${name}-env`,
  ];
}

function slug(app: string): string {
  return app.replaceAll(/[^A-Za-z0-9_.-]+/g, "-").slice(0, 60) || "app";
}
