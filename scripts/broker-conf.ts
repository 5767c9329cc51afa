/** nats-server's configuration: accounts, which are ours to write, and the rest, which is the operator's to edit. */
import { getPublicKey } from "../src/bus/nats/access/accounts.ts";
import type { BrokerFile, BrokerPaths } from "./broker-files.ts";

export interface Ports {
  readonly client: string;
  readonly webSocket: string;
}

/** `accounts.conf`: whom the server believes, and the accounts that it must have from the start. */
export function buildAccountsConf({ operator, system, hub }: BrokerFile, { resolver }: BrokerPaths): string {
  const systemKey = getPublicKey(system.seed);
  return `# Written by npm run broker:init; don't edit.
operator: ${operator.jwt}
system_account: ${systemKey}

# Accounts of clusters are pushed to the running server and kept here.
resolver {
  type: full
  dir: ${JSON.stringify(resolver)}
  allow_delete: true
}
resolver_preload {
  ${systemKey}: ${system.jwt}
  ${getPublicKey(hub.seed)}: ${hub.jwt}
}
`;
}

/** `nats-server.conf`: for one machine, with hints for more. */
export function buildServerConf({ store }: BrokerPaths, { client, webSocket }: Ports): string {
  return `# The broker. Yours to edit: written once by npm run broker:init, and left alone from then on.
include ./accounts.conf

server_name: container-driver

# TCP. For others to reach it: 0.0.0.0, and tls.
listen: "127.0.0.1:${client}"
# tls { cert_file: "/etc/nats/tls.crt", key_file: "/etc/nats/tls.key" }

# WebSocket, for agents behind firewalls that let out 443 alone, and for front doors on Workers. Without TLS only for a
# proxy on this machine that has it; else listen on 0.0.0.0:443 with tls in place of no_tls.
websocket {
  listen: "127.0.0.1:${webSocket}"
  no_tls: true
  # tls { cert_file: "/etc/nats/tls.crt", key_file: "/etc/nats/tls.key" }
}

jetstream {
  store_dir: ${JSON.stringify(store)}
  # By default what is stored survives a crash of the server, but up to 2 minutes of it not a power cut. On a single
  # machine without a battery: sync_interval: always (about four times slower), or three servers and replicas: 3.
}
`;
}
