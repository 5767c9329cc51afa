/** Where collections and objects are on the API server. */
import { ApiRefusal } from "./cluster-api.ts";

const prefixes = { secrets: "/api/v1", jobs: "/apis/batch/v1", pods: "/api/v1", events: "/api/v1" } as const;

export type Plural = keyof typeof prefixes;

export function buildCollectionPath(plural: Plural, namespace: string): string {
  return `${prefixes[plural]}/namespaces/${encodeSegment(namespace)}/${plural}`;
}

export function buildObjectPath(plural: Plural, { namespace, name }: { namespace: string; name: string }): string {
  return `${buildCollectionPath(plural, namespace)}/${encodeSegment(name)}`;
}

/**
 * A name is one segment of the path and nothing else (Kubernetes' own rule for such names): without one, a deletion would be
 * that of the whole collection, with `..`, which URLs resolve, that of the namespace; and the server takes `%2F` for a slash.
 */
function encodeSegment(name: string): string {
  if (!["", ".", ".."].includes(name) && !/[/%]/.test(name)) return encodeURIComponent(name);
  const message = `no object in Kubernetes can be called "${name}"`;
  throw new ApiRefusal("ask the API server", { status: 400, reason: "BadRequest", message });
}
