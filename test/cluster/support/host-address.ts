/** Where pods find what a test starts on this machine. */
import { BlockList } from "node:net";
import { networkInterfaces } from "node:os";
import type { CoreV1Api } from "@kubernetes/client-node";

/**
 * An address of this machine in a network that a node is in: its own where the node runs here, its container bridge's where
 * nodes are containers. `HOST_ADDRESS` says it where it can't be found so.
 */
export async function findHostAddress(core: CoreV1Api): Promise<string> {
  const told = process.env["HOST_ADDRESS"];
  if (told) return told;
  const { items } = await core.listNode();
  const addresses = items.flatMap(({ status }) => status?.addresses ?? []);
  const nodes = addresses.filter(({ type }) => type === "InternalIP").map(({ address }) => address);
  const own = Object.values(networkInterfaces()).flatMap((interfaces) => interfaces ?? []);
  const found = own.find(({ family, cidr }) => family === "IPv4" && nodes.some((node) => isWithin(node, cidr)));
  if (found !== undefined) return found.address;
  throw new Error("Cannot find an address of this machine that pods reach: set HOST_ADDRESS");
}

function isWithin(address: string, cidr: string | null): boolean {
  const [network = "", prefix] = cidr?.split("/") ?? [];
  if (prefix === undefined) return false;
  const list = new BlockList();
  list.addSubnet(network, Number(prefix));
  return list.check(address);
}
