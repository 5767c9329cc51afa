/** Where pods find what a test starts on this machine. */
import { BlockList, createServer } from "node:net";
import { networkInterfaces } from "node:os";
import type { CoreV1Api } from "@kubernetes/client-node";

/**
 * An address of this machine that pods reach: a node's own, where it runs here; where nodes are containers, that of the
 * network that they are in. `HOST_ADDRESS` says it where it can't be found so.
 */
export async function findHostAddress(core: CoreV1Api): Promise<string> {
  const told = process.env["HOST_ADDRESS"];
  if (told) return told;
  const { items } = await core.listNode();
  const addresses = items.flatMap(({ status }) => status?.addresses ?? []);
  const nodes = addresses.filter(({ type }) => type === "InternalIP").map(({ address }) => address);
  // The list of interfaces leaves out those that nothing is plugged into, as a cluster's without a pod.
  for (const node of nodes) if (await canListen(node)) return node;
  const own = Object.values(networkInterfaces()).flatMap((interfaces) => interfaces ?? []);
  const found = own.find(({ cidr }) => nodes.some((node) => isWithin(node, cidr)));
  if (found !== undefined) return found.address;
  throw new Error(`Cannot find an address of this machine that pods on ${nodes.join(", ")} reach: set HOST_ADDRESS`);
}

async function canListen(address: string): Promise<boolean> {
  const server = createServer();
  const listening = await new Promise<boolean>((resolve) => {
    server.once("error", () => resolve(false));
    server.listen(0, address, () => resolve(true));
  });
  server.close();
  return listening;
}

function isWithin(address: string, cidr: string | null): boolean {
  const [network = "", prefix] = cidr?.split("/") ?? [];
  if (prefix === undefined || network.includes(":")) return false;
  const list = new BlockList();
  list.addSubnet(network, Number(prefix));
  return list.check(address);
}
