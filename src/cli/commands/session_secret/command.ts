import { addExamples, newCommand, type Run } from "../../program.ts";

const definition = () =>
  addExamples(
    newCommand(
      "session:secret",
      "Prints a new secret for SESSION_SECRET: 32 random bytes as 64 hexadecimal digits.\n\n" +
        "--write puts it into .env in the app's folder instead, and does not print it. git must not " +
        "see that file: a .gitignore of the app, or one above it in the working tree, must ignore " +
        "it, and the index of git must not list it. No other file of git is read.\n\n" +
        "Where the app encrypts sessions (encrypt_redis_data), --rotate keeps the old secret in " +
        "SESSION_SECRET_PREVIOUS, so that sessions that it has encrypted can still be read. Cookies " +
        "are bare session ids, which do not depend on the secret.",
    )
      .option("--write", "Write it into .env; refuses to replace a secret that is there")
      .option("--rotate", "With --write: move the old one to the front of SESSION_SECRET_PREVIOUS")
      .option("-f, --force", "With --write: replace the old one, and do not keep it")
      .option("--dry-run", "With --write: show which lines would change, without their values")
      .option(
        "--check",
        "Judge the secret in the environment or .env instead: length, entropy, known values; " +
          "exit code 1 if it is weak",
      ),
    [
      ["Print a new secret", "azu session:secret"],
      ["Write the first one into .env", "azu session:secret --write"],
      ["Replace it without logging anybody out", "azu session:secret --rotate --write"],
      ["See which lines that would change", "azu session:secret --rotate --write --dry-run"],
      ["Judge the secret of a deployment", "azu session:secret --check"],
    ],
  );

export type SessionSecretOptions = ReturnType<ReturnType<typeof definition>["opts"]>;

/** `azu session:secret` */
export function sessionSecretCommand(run: Run) {
  return definition().action(async (options) => {
    await run((await import("./action.ts")).sessionSecret, options);
  });
}
