/** Tells which secret has sealed a payload, and seals it with another. */
import { jsonIn } from "../../backends/payload.ts";
import { type Opened, sealedIn, SealingSecret } from "../../backends/sealing.ts";

/**
 * `unsealed`: it is not sealed. `current`: the new secret opens it. `unopened`: no secret does.
 * Otherwise an older secret has opened it.
 */
export type Sealing = "unsealed" | "current" | "unopened" | Opened;

export class Sealer {
  readonly #current: SealingSecret;
  readonly #older: readonly SealingSecret[];

  /** @param secret Has at least 32 bytes. */
  constructor(secret: string, previous: readonly string[]) {
    this.#current = new SealingSecret(secret);
    this.#older = previous.filter((other) => other !== secret).map((other) => {
      return new SealingSecret(other);
    });
  }

  sealingOf(payload: Uint8Array): Sealing {
    if (jsonIn(payload, true) !== undefined) return "unsealed";
    const sealed = sealedIn(payload);
    if (sealed === undefined) return "unsealed";
    const opened = (secret: SealingSecret) => {
      for (const some of secret.open(sealed)) {
        if (jsonIn(some.bytes, true) !== undefined) return some;
      }
      return undefined;
    };
    if (opened(this.#current) !== undefined) return "current";
    for (const secret of this.#older) {
      const found = opened(secret);
      if (found !== undefined) return found;
    }
    return "unopened";
  }

  /** Seals with the new secret. The form stays, because it is what the app's settings ask for. */
  sealed({ bytes, form }: Opened): Uint8Array {
    return this.#current.seal(bytes, form);
  }
}
