/** What is said about each failure of Redis, and what to do then. */
import { CONNECTION_FAILURES, type Explanation, type KnownFailure } from "./connection_failures.ts";
import { REDIS_URL_SHAPE } from "./url.ts";

/** @param message The server's, or the system's, with the kind of error in front. */
export function explanationOf(message: string): Explanation | undefined {
  return [...ANSWERS, ...CONNECTION_FAILURES].find(({ matches }) => matches.test(message)) ??
    missingRight(message);
}

/** A command that the server's ACL does not allow, as the server names it: `'cluster|slots'`. */
function missingRight(message: string): Explanation | undefined {
  const [, name] = /NOPERM.*?'([\w|-]+)'/s.exec(message) ?? [];
  if (name === undefined) return undefined;
  const command = name.toUpperCase().replace("|", " ");
  return {
    problem: `The Redis user may not run ${command}`,
    hint: `Allow it to this user (ACL SETUSER <user> +${name.toLowerCase()}), or use another`,
  };
}

/** What a server answers with. */
const ANSWERS: readonly KnownFailure[] = [
  {
    matches: /WRONGPASS|invalid password|invalid username-password/i,
    problem: "Redis refused the user or password",
    hint: `Check the credentials in the URL: ${REDIS_URL_SHAPE}, percent-encoded`,
  },
  {
    matches: /NOAUTH|Authentication required/i,
    problem: "Redis asks for a password, and the URL has none",
    hint: `Put it into the URL: ${REDIS_URL_SHAPE}, percent-encoded`,
  },
  {
    matches: /max number of clients/,
    problem: "Redis has as many clients as it takes",
    hint: "Close some, or raise the server's maxclients, and run the command again",
  },
  {
    matches: /NOPERM.*(?:'publish'|channel)/s,
    problem: "The Redis user may not publish on the channel of the app's nodes",
    hint: "Allow this user PUBLISH and the channel (ACL SETUSER <user> +publish &<channel>)",
  },
  {
    matches: /NOPERM.*\bkeys?\b/s,
    problem: "The Redis user may not remove keys under this prefix",
    hint: "Allow them to this user (ACL SETUSER <user> ~<prefix>*), or use another",
  },
  {
    matches: /DB index is out of range|SELECT is not allowed/i,
    problem: "The database number in the Redis URL does not exist on this server",
    hint: "Check the number behind the last / of the URL",
  },
  {
    matches: /READONLY/,
    problem: "This Redis is a read-only replica",
    hint: "Use the URL of the primary",
  },
  {
    matches: /^\S*LOADING\b/,
    problem: "Redis is still loading its data",
    hint: "Wait until it has, and run the command again",
  },
  {
    matches: /^BUSY\b/,
    problem: "Redis is at work on a script, and answers nothing else",
    hint: "Wait until it has ended, or end it (SCRIPT KILL), and run the command again",
  },
  {
    matches: /\bMASTERDOWN\b/,
    problem: "This Redis is a replica that has lost its primary",
    hint: "Use the URL of the primary",
  },
  {
    matches: /\bCLUSTERDOWN\b/,
    problem: "The Redis cluster is down: some of its slots have no master",
    hint: "Bring the missing masters back, and run the command again: it is safe to repeat",
  },
  {
    matches: /\bMISCONF\b/,
    problem: "Redis refuses to write, as it cannot save its data to disk",
    hint: "Look at the server's disk and log; removing keys needs it to accept writes",
  },
  {
    matches: /\bOOM\b/,
    problem: "Redis refuses the command, as its memory is full",
    hint: "Look at the server's maxmemory; removing keys needs it to accept commands",
  },
  {
    matches: /\bNOREPLICAS\b/,
    problem: "Redis refuses to write, as too few replicas follow it",
    hint: "Bring its replicas back, and run the command again: it is safe to repeat",
  },
];
