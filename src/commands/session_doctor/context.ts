/** What several checks look at. Each part is looked up once, and its failure fails only who asks. */
import type { Store } from "../../backends/contract.ts";
import type { Choice } from "../../config/choose.ts";
import type { Project } from "../../config/project.ts";
import type { Io } from "../../core/io.ts";

export interface DoctorContext {
  readonly io: Io;
  /** The app's folder. */
  readonly root: string;
  readonly signal: AbortSignal;
  /** The value of `--url`. */
  readonly url: string | undefined;
  /** The certificate of an authority to trust besides the usual ones, in PEM (`--ca`). */
  readonly ca: string | undefined;
  /** @throws {AzuError} if the config cannot be loaded. */
  project(): Promise<Project>;
  /** @throws {AzuError} if it is not certain which backend is meant. */
  choice(): Promise<Choice>;
  /** @throws {AzuError} if it cannot be reached. */
  store(): Promise<Store>;
}
