import { randomBytes } from "node:crypto";
import { hostname } from "node:os";

/** Unlike any other replica's, also on one host, and new at each start: a restarted replica is another holder of leases. */
export function createAgentName(): string {
  const host = hostname()
    .toLowerCase()
    .replaceAll(/[^a-z0-9-]/g, "-");
  return `${host.slice(0, 40)}-${randomBytes(4).toString("hex")}`;
}
