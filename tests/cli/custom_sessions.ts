/** An app with a backend of its own, whose store is the JavaScript that a test writes. */
import { tempDir, writeTree } from "../support/temp.ts";

/** Stands at the beginning of the config: sessions, and handles that look right. */
const HELPERS = `
const handle = (n) => String(n).replace(/\\d/g, (digit) => "abcdefghij"[digit]).padStart(12, "z");
const session = (n, facts = {}) => ({ handle: handle(n), size: 10, user: "u" + n, createdAt: 0,
  visitedAt: 0, expiresAt: null, ip: null, userAgent: null, ...facts });
const sessions = (count, from = 0) => Array.from({ length: count }, (_, n) => session(from + n));
const later = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
`;

/**
 * @param store Properties of the store; the others count nothing.
 * @param backend Properties of the backend that replace the usual ones.
 */
export async function customApp(store: string, backend = "") {
  const app = await tempDir();
  await writeTree(app.path, {
    "azu.config.ts": `${HELPERS}
export default { session: { backend: "acme", backends: { acme: () => ({
  name: "acme", capabilities: { clear: true, createTable: false, replicas: true },
  describe: () => ({ address: "acme://store" }),
  connect: async () => ({ count: async () => 0, clear: async () => 0,
    async [Symbol.asyncDispose]() {}, ${store} }), ${backend} }) } } };`,
  });
  return { path: app.path, [Symbol.asyncDispose]: () => app[Symbol.asyncDispose]() };
}
