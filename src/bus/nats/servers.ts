/** What `NATS_URL` says: where the broker is, how to speak to it, and as whom. */
import type { ConnectionOptions } from "@nats-io/nats-core";
import { refuse, succeed, type Result } from "../../contract/result.ts";

export interface Servers {
  /** Without user and password. */
  readonly servers: string[];
  /** `ws://` or `wss://`. One process speaks TCP or WebSocket: the library mixes them up. */
  readonly webSocket: boolean;
  readonly settings: ConnectionOptions;
}

/** Reads one URL, or several with commas. Whatever is wrong, the text isn't repeated: it may hold a password. */
export function readServers(text: string): Result<Servers> {
  const urls: URL[] = [];
  for (const part of text.split(",")) {
    const url = parseUrl(part.trim());
    if (url === undefined) return refuse("each server must be nats://, tls://, ws:// or wss:// and a host");
    urls.push(url);
  }
  const [first] = urls;
  const schemes = new Set(urls.map(({ protocol }) => protocol));
  if (first === undefined || schemes.size !== 1)
    return refuse(`its servers have several schemes (${[...schemes].join(" ")}), all must have one`);
  const { protocol } = first;
  const login = readLogin(first);
  if (login === undefined) return refuse("a % in user or password must be written as %25");
  return succeed({
    servers: urls.map(({ protocol, host, pathname }) => `${protocol}//${host}${pathname === "/" ? "" : pathname}`),
    webSocket: protocol === "ws:" || protocol === "wss:",
    // The library takes `tls:` for a wish: without this, whoever sits in between could talk it out of TLS.
    settings: { ...login, ...(protocol === "tls:" ? { tls: {} } : {}) },
  });
}

function parseUrl(text: string): URL | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  return url !== undefined && /^(nats|tls|wss?):$/.test(url.protocol) && url.hostname !== "" ? url : undefined;
}

/** Undefined where the escapes are none. */
function readLogin({ username, password }: URL): ConnectionOptions | undefined {
  try {
    return username === "" ? {} : { user: decodeURIComponent(username), pass: decodeURIComponent(password) };
  } catch {
    // The error would quote the password.
    return undefined;
  }
}
