/** The checks that the store makes: the way to it, rights, and the state of what is there. */
import type { Store } from "../../backends/contract.ts";
import { type DiagnosisOptions, type StoreCheckId, storeChecks } from "../../backends/diagnosis.ts";
import { AzuError, messageOf } from "../../core/errors.ts";
import type { Finding } from "./checks.ts";
import type { DoctorContext } from "./context.ts";
import type { Group } from "./doctor.ts";

/** What the group needs of the config. */
export type StoreFacts = Pick<DiagnosisOptions, "ttl" | "otherPrefixes">;

/** @param factsOf Looks up what the config says. */
export function storeGroup(factsOf: (context: DoctorContext) => Promise<StoreFacts>): Group {
  return {
    ids: Object.keys(storeChecks).filter(isStoreCheckId),
    run: (context, report) => diagnose(context, factsOf, report),
  };
}

function isStoreCheckId(id: string): id is StoreCheckId {
  return Object.hasOwn(storeChecks, id);
}

async function diagnose(
  context: DoctorContext,
  factsOf: (context: DoctorContext) => Promise<StoreFacts>,
  report: (finding: Finding) => void,
): Promise<void> {
  const { signal, io } = context;
  const { backend } = await context.choice();
  const { clear } = backend.capabilities;
  if (clear !== true) throw new Error(`${clear.whyNot}: there is no store to look at`);
  const failed = new Set<StoreCheckId>();
  const options: DiagnosisOptions = {
    signal,
    ...await factsOf(context),
    now: () => io.now(),
    onFinding(finding) {
      if (finding.status === "failure") failed.add(finding.id);
      report(finding);
    },
  };
  // What keeps it from its checks, such as a file of a certificate, also keeps the store from opening.
  const reaching = Promise.resolve(backend.reach?.(options)).catch(() => {});
  let store: Store;
  try {
    store = await context.store();
  } catch (error) {
    await reaching;
    signal.throwIfAborted();
    if (![...wayThere].some((id) => failed.has(id))) {
      const hint = error instanceof AzuError ? error.hint : undefined;
      report({
        id: failedCheck(messageOf(error)),
        status: "failure",
        evidence: messageOf(error),
        ...(hint === undefined ? {} : { fix: hint }),
      });
    }
    throw new Error("the store cannot be reached", { cause: error });
  }
  await reaching;
  await store.diagnose?.(options);
}

/** The checks whose failure is the reason that there is no connection. */
const wayThere: readonly StoreCheckId[] = ["reach.resolve", "reach.addresses", "reach.tls"];

/** Which check a failure to connect belongs to, by the sentence before its details. */
function failedCheck(message: string): StoreCheckId {
  const [sentence = ""] = message.split(" (", 1);
  if (/certificate|TLS/.test(sentence)) return "reach.tls";
  if (/host name is unknown/.test(sentence)) return "reach.resolve";
  if (/nothing listens|cannot be reached|not answer in time/.test(sentence)) {
    return "reach.addresses";
  }
  return "reach.login";
}
