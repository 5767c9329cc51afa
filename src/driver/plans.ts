/** What a PUT and a DELETE each bring to the common way of handling a request: their rules, and the run they would place. */
import type { Wanted } from "../catalog/driver.ts";
import type { ContainerInputs } from "../contract/container/inputs.ts";
import type { JsonValue } from "../contract/json.ts";
import { limits } from "../contract/limits.ts";
import { computeFingerprint, matchesFingerprint } from "../sealing/fingerprint.ts";
import type { FrontDoorKeys } from "../sealing/keys.ts";
import { sealInputs } from "../sealing/request.ts";
import type { Clusters } from "./clusters.ts";
import { decideDelete, decidePut, type Decision, type Situation } from "./decide.ts";
import type { Wish } from "./placement.ts";
import type { ResourceRecord } from "./record.ts";

type Place = Extract<Decision, { kind: "place" }>;

/** The run to place, or why there can be none. */
export type Wished =
  | { readonly kind: "wish"; readonly wish: Omit<Wish, "address" | "trace"> }
  | { readonly kind: "refused"; readonly code: "RES-107"; readonly problem: string };

export interface Plan {
  decide(situation: Situation | undefined): Promise<Decision>;
  toWish(decision: Place, record: ResourceRecord | undefined): Promise<Wished>;
}

export function planPut(
  { inputs, cluster: requested }: Wanted,
  { clusters, keys }: { clusters: Clusters; keys: FrontDoorKeys },
): Plan {
  const refresh = inputs.values.source?.refresh === true;
  const content = toContent(inputs);
  return {
    async decide(situation) {
      const before = situation?.record.create.fingerprint;
      const same = before !== undefined && (await matchesFingerprint(content, before, keys));
      return decidePut(situation, { same, refresh });
    },
    async toWish({ update, unlessCommit }) {
      const cluster = await clusters.resolve(requested);
      if (!cluster.ok) return { kind: "refused", code: "RES-107", problem: cluster.problem };
      const [sealed, fingerprint] = await Promise.all([
        sealInputs(inputs, cluster.value.key),
        computeFingerprint(content, keys),
      ]);
      const create = {
        cluster: cluster.value.name,
        inputs: sealed,
        fingerprint,
        timeoutSeconds: inputs.values.timeout ?? limits.defaultTimeoutSeconds,
      };
      return {
        kind: "wish",
        wish: { action: "create", update, type: inputs.type, cluster: cluster.value, create, unlessCommit },
      };
    },
  };
}

export function planDelete(clusters: Clusters): Plan {
  return {
    decide: (situation) => Promise.resolve(decideDelete(situation)),
    async toWish(_, record) {
      if (record === undefined) throw new Error("Cannot destroy what has no record");
      const cluster = await clusters.find(record.create.cluster);
      if (cluster === undefined) {
        const problem = `the resource was created in cluster ${record.create.cluster}, which is not known any more: add it again to destroy the resource`;
        return { kind: "refused", code: "RES-107", problem };
      }
      return {
        kind: "wish",
        wish: { action: "destroy", update: false, type: record.type, cluster, create: record.create },
      };
    },
  };
}

/** What makes one request the same as another. */
function toContent({ type, resource, values, secrets }: ContainerInputs): JsonValue {
  return { type, resource, values, secrets } as unknown as JsonValue;
}
