/** What the checks look at. */
import { resolve } from "node:path";
import type { Store } from "../../../backends/contract.ts";
import { close, connected } from "../../../commands/connection.ts";
import type { DoctorContext } from "../../../commands/session_doctor/context.ts";
import { chooseToOperate } from "../../../config/choose.ts";
import { findAppRoot } from "../../../config/project.ts";
import { AzuError, messageOf, UsageError } from "../../../core/errors.ts";
import { decisionLine } from "../../decision.ts";
import { loadProjectFor, workingFolder } from "../../load_project.ts";
import type { Host } from "../../terminal/host.ts";
import type { Reporter } from "../../terminal/reporter.ts";
import type { DoctorOptions } from "./action.ts";

/** One run of the command. Each part is looked up once. */
export class DoctorRun implements DoctorContext, AsyncDisposable {
  readonly io;
  readonly signal;
  readonly #host: Host;
  readonly #options: DoctorOptions;
  readonly #reporter: Reporter;
  #project: ReturnType<DoctorContext["project"]> | undefined;
  #choice: ReturnType<DoctorContext["choice"]> | undefined;
  #store: Promise<Store> | undefined;

  private constructor(
    host: Host,
    options: DoctorOptions,
    reporter: Reporter,
    readonly root: string,
    readonly url: string | undefined,
    readonly ca: string | undefined,
    cwd: string,
  ) {
    this.#host = host;
    this.#options = options;
    this.#reporter = reporter;
    this.signal = host.signal;
    this.io = { cwd, uid: host.uid, env: host.env, now: host.now };
  }

  static async begin(
    host: Host,
    options: DoctorOptions,
    reporter: Reporter,
    url: string | undefined,
  ): Promise<DoctorRun> {
    const cwd = await workingFolder(host, options);
    const root = await findAppRoot(cwd);
    const ca = options.ca === undefined ? undefined : await certificateIn(resolve(cwd, options.ca));
    return new DoctorRun(host, options, reporter, root, url, ca, cwd);
  }

  /** The same, to look again. */
  async again(): Promise<DoctorRun> {
    await this[Symbol.asyncDispose]();
    this.#project = this.#choice = undefined;
    return this;
  }

  project() {
    const loading = { usesDefault: true } as const;
    this.#project ??= loadProjectFor(this.#host, this.#options, this.#reporter, loading);
    return this.#project;
  }

  choice() {
    return this.#choice ??= this.project().then((project) => {
      return chooseToOperate(project, this.#options.backend);
    });
  }

  store() {
    return this.#store ??= this.choice().then(({ backend }) => {
      return connected(backend, this.signal, this.#options.timeout);
    });
  }

  async showDecision(): Promise<void> {
    try {
      const [{ environment }, choice] = [await this.project(), await this.choice()];
      this.#reporter.note(decisionLine(choice, environment, choice.backend.describe()));
    } catch (error) {
      if (!(error instanceof AzuError)) throw error; // otherwise it is a finding
    }
  }

  /** What the document says about the store. */
  async fields(): Promise<Readonly<Record<string, unknown>>> {
    try {
      const [{ environment }, { backend }] = [await this.project(), await this.choice()];
      const { address } = backend.describe();
      return { environment: environment.name, backend: backend.name, target: address ?? null };
    } catch (error) {
      if (!(error instanceof AzuError)) throw error;
      return { environment: null, backend: null, target: null };
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const store = this.#store;
    this.#store = undefined;
    const opened = await store?.catch(() => undefined); // that it cannot be reached is a finding
    if (opened !== undefined) await close(opened, this.signal);
  }
}

/** @throws {UsageError} if it cannot be read. */
async function certificateIn(path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    throw new UsageError(`--ca: cannot read ${path}: ${messageOf(error)}`, { cause: error });
  }
}
