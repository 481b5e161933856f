/** The app of the pages, and sessions as it saves them. */
import type { Redis } from "ioredis";
import { WORDS } from "../backends/sql/app.ts";
import { payloadOf, type SavedSession } from "../backends/subject.ts";
import { HOUR, MINUTE, session } from "../cli/sessions.ts";

/** Its files before its sessions are set up, as Azu's own generator lays them out. */
export const APP = {
  "shard.yml": `name: shop
version: 0.1.0

dependencies:
  azu:
    github: azutoolkit/azu

crystal: ">= 1.6.0"
`,
  ".gitignore": "/lib/\n/bin/\n",
  "src/shop.cr": `require "azu"
require "./initializers/**"

module Shop
  include Azu

  def self.handlers
    [
      Azu::Handler::RequestId.new,
      Azu::Handler::Rescuer.new,
      Azu::Handler::Logger.new,
    ]
  end
end
`,
};

export async function saveInRedis(
  client: Redis,
  sessions: readonly SavedSession[],
  pack: (saved: SavedSession) => string = payloadOf,
): Promise<void> {
  const pipeline = client.pipeline();
  for (const saved of sessions) {
    pipeline.set(`shop:session:${saved.id}`, pack(saved), "PXAT", saved.expiresAt ?? 0);
  }
  await pipeline.exec();
}

export async function saveInTable(
  engine: "sqlite" | "postgres",
  query: (statement: string) => Promise<unknown>,
  sessions: readonly SavedSession[],
): Promise<void> {
  const time = (ms: number | null) => {
    const text = new Date(ms ?? 0).toISOString();
    return engine === "postgres" ? `'${text}'` : `'${text.replace("T", " ").replace("Z", "")}'`;
  };
  const rows = sessions.map((saved) => {
    const data = WORDS[engine].bytes(new TextEncoder().encode(payloadOf(saved)));
    const times = [saved.createdAt, saved.visitedAt, saved.expiresAt].map(time);
    return `('${saved.id}', ${data}, ${times.join(", ")}, ${saved.user ?? 0})`;
  });
  const columns = "session_id, data, created_at, updated_at, expires_at, user_id";
  await query(`INSERT INTO sessions (${columns}) VALUES ${rows.join(", ")}`);
}

/** Sessions that live. The first two are of user 42, and every fourth is of nobody. */
export function liveSessions(count: number): SavedSession[] {
  const now = Date.now();
  return Array.from({ length: count }, (_, index) => {
    const user = index < 2 ? "42" : `${100 + index}`;
    return session(`live ${index}`, {
      user: index % 4 === 3 ? null : user,
      createdAt: now - (index + 1) * 3 * HOUR,
      visitedAt: now - (index + 1) * 10 * MINUTE,
    });
  });
}

export function withAddresses(count: string): SavedSession[] {
  return liveSessions(Number(count)).map((saved, index) => {
    return { ...saved, ip: `203.0.113.${index + 1}`, userAgent: "Mozilla/5.0 (X11; Linux x86_64)" };
  });
}

export function expiredSessions(count: number): SavedSession[] {
  return Array.from({ length: count }, (_, index) => {
    return session(`expired ${index}`, { user: "7", expiresAt: Date.now() - 2 * HOUR });
  });
}
