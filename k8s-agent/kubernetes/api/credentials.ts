/** How a kubeconfig proves who we are: headers for each request, TLS for each connection. */
import type { RequestOptions } from "node:https";
import { KubeConfig } from "@kubernetes/client-node";

export interface Credentials {
  readonly headers: Readonly<Record<string, string>>;
  readonly tls: TlsOptions;
}

export interface TlsOptions {
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
  readonly servername?: string;
  readonly rejectUnauthorized?: boolean;
}

export interface CredentialSource {
  /** As they are now; rejects where a file can't be read or a credential plugin fails. */
  read(): Promise<Credentials>;
  /** Forgets what is remembered of token files and plugins: the server has refused it. */
  renew(): void;
}

/**
 * The client library remembers a token for a minute, or until the time that a plugin gave it, whatever the server says of it
 * meanwhile. A copy of the kubeconfig remembers nothing.
 */
export function createCredentialSource(kubeConfig: KubeConfig): CredentialSource {
  let current = kubeConfig;
  return {
    read: () => readCredentials(current),
    renew() {
      current = new KubeConfig();
      current.loadFromOptions({
        clusters: kubeConfig.clusters,
        users: kubeConfig.users,
        contexts: kubeConfig.contexts,
        currentContext: kubeConfig.currentContext,
      });
    },
  };
}

async function readCredentials(kubeConfig: KubeConfig): Promise<Credentials> {
  const options: RequestOptions = {};
  await kubeConfig.applyToHTTPSOptions(options);
  const { headers, auth, ca, cert, key, servername, rejectUnauthorized } = options;
  return {
    headers: {
      ...readHeaders(headers),
      ...(auth ? { authorization: `Basic ${Buffer.from(auth).toString("base64")}` } : {}),
    },
    tls: {
      ...(Buffer.isBuffer(ca) ? { ca } : {}),
      ...toBuffer("cert", cert),
      ...toBuffer("key", key),
      ...(servername === undefined ? {} : { servername }),
      ...(rejectUnauthorized === undefined ? {} : { rejectUnauthorized }),
    },
  };
}

/** Token files may end in a newline, which no header may hold. */
function readHeaders(headers: RequestOptions["headers"]): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers ?? {}).map(([name, value]) => [name.toLowerCase(), String(value).trim()]),
  );
}

/** Credential plugins give certificates as text, kubeconfigs as bytes. */
function toBuffer(name: "cert" | "key", value: unknown): TlsOptions {
  if (typeof value === "string") return { [name]: Buffer.from(value) };
  return Buffer.isBuffer(value) ? { [name]: value } : {};
}
