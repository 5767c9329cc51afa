/** The pod of a run: setup, what the template adds, the collector, and main. */
import type { Run } from "../../src/contract/run.ts";
import { buildCollector, buildSetup } from "./helpers.ts";
import { completeContainer } from "./main-container.ts";
import { mergeByName } from "./merge-by-name.ts";
import { buildWorkloadName } from "./names.ts";
import type { Placement } from "./placement.ts";
import type { Container, PodSpec } from "./plain.ts";
import { mergePodSecurity } from "./security.ts";
import type { JobSettings } from "./settings.ts";
import type { PodTemplate } from "./template/read-template.ts";
import type { TemplateParts } from "./template/take-apart.ts";
import { buildVolumes } from "./volumes.ts";

export interface PodParts {
  readonly settings: JobSettings;
  readonly placement: Placement;
  readonly template: PodTemplate;
  readonly parts: TemplateParts;
  readonly main: Container;
}

/** The collector, too, gets its SIGTERM with this grace, and has to read and seal what main wrote. */
const leastGraceSeconds = 30;

/** The pod's own grace. Whoever wants a shorter one deletes the pod with it. */
export function getGraceSeconds({ graceSeconds }: JobSettings): number {
  return Math.max(graceSeconds, leastGraceSeconds);
}

/**
 * The collector starts last: sidecars are stopped in reverse order, one after the other, and a slow one of the template's
 * must not keep the outputs waiting.
 */
export function buildPodSpec({ order }: Run, { settings, placement, template, parts, main }: PodParts): PodSpec {
  const { serviceAccount } = placement;
  const { serviceAccount: _alias, serviceAccountName: _name, automountServiceAccountToken, ...given } = template.spec;
  const withToken = serviceAccount !== undefined;
  const helpers = { settings, withToken };
  const pullSecrets = mergeByName(
    settings.imagePullSecrets.map((name) => ({ name })),
    given.imagePullSecrets,
  );
  return {
    enableServiceLinks: false,
    ...given,
    restartPolicy: "Never",
    terminationGracePeriodSeconds: getGraceSeconds(settings),
    ...(serviceAccount === undefined ? {} : { serviceAccountName: serviceAccount }),
    automountServiceAccountToken: withToken && automountServiceAccountToken !== false,
    ...(pullSecrets.length === 0 ? {} : { imagePullSecrets: pullSecrets }),
    securityContext: mergePodSecurity(given.securityContext),
    initContainers: [
      buildSetup(helpers),
      ...parts.others.map(completeContainer),
      buildCollector(order.action, { ...helpers, main }),
    ],
    containers: [main],
    volumes: [...buildVolumes({ secretName: buildWorkloadName(order.runId), withToken }), ...parts.volumes],
  };
}
