/** Where a run goes, and as whom: only what the agent was told to allow. */
import { getSharedDirectory } from "../../src/contract/container/environment.ts";
import { refuse, succeed, type Result } from "../../src/contract/result.ts";
import type { Run } from "../../src/contract/run.ts";
import type { JobSettings } from "./settings.ts";
import { refuseTemplate, type PodTemplate } from "./template/read-template.ts";
import { findConflict } from "./volumes.ts";

export interface Placement {
  readonly namespace: string;
  /** Undefined: the namespace's default, without a token. */
  readonly serviceAccount: string | undefined;
  readonly sharedDirectory: string;
}

export function choosePlacement(
  { inputs }: Run,
  { settings, template }: { settings: JobSettings; template: PodTemplate },
): Result<Placement> {
  const { job } = inputs.values;
  const { namespace = settings.namespace } = job;
  if (!settings.namespaces.includes(namespace)) {
    const problem = describeRefusal(namespace, settings.namespaces);
    return refuse(`Cannot use driver.values.job.namespace: ${problem}`);
  }
  const sharedDirectory = getSharedDirectory(inputs);
  const conflict = findConflict(sharedDirectory);
  if (conflict !== undefined) {
    const problem = `${JSON.stringify(sharedDirectory)} gets in the way of ${conflict}, which the driver needs`;
    return refuse(`Cannot use driver.values.job.shared_directory: ${problem}`);
  }
  const { serviceAccount, serviceAccountName } = template.spec;
  for (const [name, given] of Object.entries({ serviceAccountName, serviceAccount })) {
    if (given === undefined || given === "") continue;
    if (settings.serviceAccounts.includes(given)) return succeed({ namespace, serviceAccount: given, sharedDirectory });
    return refuseTemplate(`spec.${name} is ${describeRefusal(given, settings.serviceAccounts)}`);
  }
  if (job.service_account !== undefined && !settings.serviceAccounts.includes(job.service_account)) {
    const problem = describeRefusal(job.service_account, settings.serviceAccounts);
    return refuse(`Cannot use driver.values.job.service_account: ${problem}`);
  }
  return succeed({ namespace, serviceAccount: job.service_account, sharedDirectory });
}

function describeRefusal(given: string, allowed: readonly string[]): string {
  const those = allowed.length === 0 ? "none" : allowed.join(", ");
  return `${JSON.stringify(given.slice(0, 80))}, which this cluster's agent does not allow; it allows ${those}`;
}
