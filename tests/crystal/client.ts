/** Visitors of the test app: each with the one cookie that the app has given it. */
import { COOKIE_NAME } from "./variants.ts";

/** What came back of a request. */
export interface Answer {
  readonly status: number;
  readonly text: string;
  /** The session that the app took the visitor for, where the endpoint tells. */
  readonly id: string;
  readonly user: number | null;
  readonly value: string;
  /** The user that /slow has read before its pause. */
  readonly before: number | null;
  /** The `Set-Cookie` headers. */
  readonly cookies: readonly string[];
}

export class Visitor {
  /** The id that its cookie holds. */
  id: string | undefined;
  readonly #url: string;

  constructor(url: string, id?: string) {
    this.#url = url;
    this.id = id;
  }

  get(path: string): Promise<Answer> {
    return this.#send("GET", path);
  }

  post(path: string): Promise<Answer> {
    return this.#send("POST", path);
  }

  /** Logs in, and throws when that does not work. */
  async logIn(user: number): Promise<Answer> {
    const answer = await this.post(`/login?user=${user}`);
    if (answer.status !== 200) throw new Error(`login: ${answer.status} ${answer.text}`);
    return answer;
  }

  async #send(method: string, path: string): Promise<Answer> {
    const cookie = this.id === undefined ? undefined : `${COOKIE_NAME}=${this.id}`;
    const answer = await send(this.#url, method, path, cookie);
    this.id = sessionCookie(answer.cookies) ?? this.id;
    return answer;
  }
}

/** One request, with a `Cookie` header as it stands. */
export async function send(
  url: string,
  method: string,
  path: string,
  cookie: string | undefined,
): Promise<Answer> {
  const headers = cookie === undefined ? {} : { cookie };
  const response = await fetch(`${url}${path}`, { method, headers });
  const text = await response.text();
  const body: unknown = text.startsWith("{") ? JSON.parse(text) : undefined;
  return {
    status: response.status,
    text,
    id: textField(body, "id"),
    value: textField(body, "value"),
    user: numberField(body, "user_id"),
    before: numberField(body, "before"),
    cookies: response.headers.getSetCookie(),
  };
}

/** The id that the last session cookie among `Set-Cookie` headers holds. */
export function sessionCookie(cookies: readonly string[]): string | undefined {
  const own = cookies.findLast((cookie) => cookie.startsWith(`${COOKIE_NAME}=`));
  return own?.slice(COOKIE_NAME.length + 1).split(";", 1)[0];
}

function field(body: unknown, name: string): unknown {
  if (typeof body !== "object" || body === null) return undefined;
  return Object.entries(body).find(([key]) => key === name)?.[1];
}

function textField(body: unknown, name: string): string {
  const value = field(body, name);
  return typeof value === "string" ? value : "";
}

function numberField(body: unknown, name: string): number | null {
  const value = field(body, name);
  return typeof value === "number" ? value : null;
}
