/** Whatever a template says: it is refused, or what comes out obeys Pod Security `restricted` and has its helpers as ever. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { contractVariables } from "../../src/contract/container/variables.ts";
import { listBreaches } from "./restricted.fixture.ts";
import { listFields } from "./template/check-template.ts";
import { buildRunWith, buildWith, mustBuild } from "./workloads.fixture.ts";

/** Values that mean something somewhere in a pod. */
const words = fc.constantFrom<unknown>(true, false, null, 0, 1, 1000, "", "1Gi", [], {}, ...named());

function named(): string[] {
  const names = "main setup collector shared exchange runner ACTION OUTPUTS_FILE ALL NET_BIND_SERVICE SYS_ADMIN";
  const kinds = "Unconfined RuntimeDefault Localhost Always Never Default Unmasked";
  const paths = "/run/container-driver /home/runneruser/workspace / /x";
  return [names, kinds, paths].flatMap((list) => list.split(" "));
}

/** A value of a Kubernetes type, or now and then of none. */
function arbitraryOf(type: string, depth: number): fc.Arbitrary<unknown> {
  const list = /^Array<(.+)>$/.exec(type)?.[1];
  if (list !== undefined) return fc.array(arbitraryOf(list, depth), { maxLength: 3 });
  const fields = listFields(type);
  if (fields.length === 0 || depth === 0) return words;
  const members = fields.map(({ baseName, type: of }): [string, fc.Arbitrary<unknown>] => [
    baseName,
    arbitraryOf(of, depth - 1),
  ]);
  // A few at a time: with all of them each template would be refused for the first.
  return fc
    .subarray(members, { maxLength: Math.min(3, members.length) })
    .chain((some) => fc.record(Object.fromEntries(some), { requiredKeys: [] }));
}

const extra = (type: string) => arbitraryOf(type, 3).map((one) => ({ name: "extra", image: "x", ...(one as object) }));
const template = fc.record(
  {
    metadata: arbitraryOf("V1ObjectMeta", 1),
    spec: fc
      .tuple(arbitraryOf("V1PodSpec", 4), fc.array(extra("V1Container"), { maxLength: 2 }))
      .map(([spec, containers]) => ({ containers, ...(spec as object) })),
  },
  { requiredKeys: ["spec"] },
);

describe("a template made at random", () => {
  test("is refused, or leads to a pod that is restricted, with helpers, contract and deadline unchanged", () => {
    const plain = mustBuild(buildRunWith({})).job.spec;
    let taken = 0;
    fc.assert(
      fc.property(template, (pod_template) => {
        const built = buildWith(buildRunWith({ pod_template }));
        if (!built.ok) {
          expect(built.problem).toMatch(/^Cannot (use|start) /);
          return;
        }
        taken++;
        const job = built.value.job.spec;
        expect(listBreaches(job?.template ?? {})).toEqual([]);
        expect(job?.activeDeadlineSeconds).toBe(plain?.activeDeadlineSeconds);
        const [pod, before] = [job?.template.spec, plain?.template.spec];
        expect(pod?.terminationGracePeriodSeconds).toBe(before?.terminationGracePeriodSeconds);
        expect(pod?.restartPolicy).toBe("Never");
        expect(pod?.containers.map(({ name }) => name)).toEqual(["main"]);
        const { volumeMounts: _mounts, ...setup } = pod?.initContainers?.[0] ?? { name: "none" };
        const { volumeMounts: _before, ...setupBefore } = before?.initContainers?.[0] ?? { name: "missing" };
        expect(setup).toEqual(setupBefore);
        const collector = pod?.initContainers?.at(-1);
        expect(collector).toMatchObject({ name: "collector", image: before?.initContainers?.at(-1)?.image });
        expect(collector?.command).toEqual(before?.initContainers?.at(-1)?.command);
        const isContract = ({ name }: { name: string }) => (contractVariables as readonly string[]).includes(name);
        expect(pod?.containers[0]?.env?.filter(isContract)).toEqual(before?.containers[0]?.env?.filter(isContract));
        expect(pod?.volumes?.slice(0, before?.volumes?.length)).toEqual(before?.volumes);
      }),
      { numRuns: 3000 },
    );
    // Else it would have shown nothing.
    expect(taken).toBeGreaterThan(100);
  });

  test("that once was taken is refused", () => {
    const pod_template = { spec: { securityContext: { sysctls: [{}] } } };
    expect(buildWith(buildRunWith({ pod_template }))).toMatchObject({ ok: false });
  });

  test("the check itself finds what it looks for", () => {
    const spec = {
      hostPID: true,
      volumes: [{ name: "v", hostPath: { path: "/" } }],
      containers: [{ name: "c", securityContext: { privileged: true, capabilities: { add: ["SYS_ADMIN"] } } }],
    };
    expect(listBreaches({ spec })).toEqual([
      "hostPID",
      "volume v is a hostPath",
      "c: privileged",
      "c: allowPrivilegeEscalation",
      "c: does not drop ALL",
      "c: adds capabilities",
      "c: runAsNonRoot",
      "c: seccomp",
    ]);
  });
});
