// The lab's server, as the page asks it.
import type { Report } from "./report";

export interface Session {
  bundle: { model: string; sha256: string; size_bytes: number };
  /** The requests that are measured. */
  texts: string[];
  /** One sentence: what is sent. */
  consent: string;
  runs: number;
  sustained_seconds: number;
}

/** A device as the room sees it. */
export interface RoomDevice {
  id8: string;
  kind: string;
  system: string;
  browser: string;
  p50_ms: number;
  p99_ms: number;
  /** Download and start together. */
  load_ms: number;
  first_ms: number;
}

export interface Room {
  devices: RoomDevice[];
  count: number;
}

/** Why the server did not do it: `token` (not this session's), `gone` (not there, or broken), `busy` (asks to wait), or
 * `refused` (it will say the same again). */
export class LabError extends Error {
  override name = "LabError";
  constructor(
    readonly why: "token" | "gone" | "busy" | "refused",
    message: string,
    readonly waitMs = 0,
  ) {
    super(message);
  }
}

export interface Lab {
  session: () => Promise<Session>;
  room: () => Promise<Room>;
  /** The same report may be posted again and again: it is stored once. */
  post: (report: Report) => Promise<void>;
}

type Fetch = (address: string, options: RequestInit) => Promise<Response>;

export function lab(token: string, fetcher: Fetch = (address, options) => fetch(address, options)): Lab {
  const headers = { Authorization: `Bearer ${token}` };
  const ask = async (address: string, options: RequestInit = {}): Promise<Response> => {
    let response: Response;
    try {
      response = await fetcher(address, {
        cache: "no-store",
        credentials: "omit",
        ...options,
        headers: { ...headers, ...(options.headers as Record<string, string> | undefined) },
      });
    } catch {
      throw new LabError("gone", "no answer");
    }
    if (!response.ok) throw await refusal(response);
    return response;
  };
  return {
    session: async () => (await (await ask("session")).json()) as Session,
    room: async () => (await (await ask("room")).json()) as Room,
    post: async (report) => {
      const body = JSON.stringify(report);
      await ask("reports", { method: "POST", body, headers: { "Content-Type": "application/json" } });
    },
  };
}

async function refusal(response: Response): Promise<LabError> {
  const said = await response.json().catch(() => null) as { error?: unknown } | null;
  const message = typeof said?.error === "string" ? said.error : `the server answered ${response.status}`;
  if (response.status === 401) return new LabError("token", message);
  const waitMs = seconds(response.headers.get("Retry-After")) * 1000;
  if (response.status === 429) return new LabError("busy", message, waitMs);
  return new LabError(response.status >= 500 || response.status === 408 ? "gone" : "refused", message, waitMs);
}

const seconds = (header: string | null): number => Math.min(60, Math.max(1, Number(header) || 1));

/** Waits between attempts, which end: then the person decides. */
const WAITS_MS = [1000, 2000, 4000, 8000, 15000];

/** Post until it is stored. `waiting` is told before each wait; rejects when it was refused, or not reached for too long. */
export async function send(
  post: () => Promise<void>,
  wait: (ms: number) => Promise<void>,
  waiting: (error: LabError, ms: number) => void = () => undefined,
): Promise<void> {
  for (const pause of [...WAITS_MS, null]) {
    try {
      await post();
      return;
    } catch (error) {
      if (!(error instanceof LabError) || pause === null || error.why === "token" || error.why === "refused") throw error;
      // Two hundred phones that wait equally long would come back together.
      const ms = Math.max(error.waitMs, pause) * (1 + Math.random() / 2);
      waiting(error, ms);
      await wait(ms);
    }
  }
}

/** The token and view that an address carries after its `#`, where no server's log sees them. */
export function readFragment(hash: string): { token: string; view: "device" | "room" } {
  const [token = "", ...rest] = hash.replace(/^#/, "").split("&");
  return { token, view: rest.includes("view=room") ? "room" : "device" };
}
