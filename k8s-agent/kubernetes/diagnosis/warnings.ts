/** What Kubernetes says in Events about a Job that makes no pod, and about a pod whose containers can't be created. */
import type { CoreV1Event, V1Job, V1Pod } from "@kubernetes/client-node";
import type { EndCause } from "../../launch/launcher.ts";
import { fail } from "./fail.ts";
import type { Sighting } from "./sighting.ts";

type Named = V1Job | V1Pod | undefined;

/** The newest warning about that very object, of one of these reasons. */
export function findWarning(
  warnings: readonly CoreV1Event[],
  { about, reasons }: { about: Named; reasons: readonly string[] },
): CoreV1Event | undefined {
  const uid = about?.metadata?.uid;
  return warnings.findLast(
    ({ involvedObject, reason = "" }) => uid !== undefined && involvedObject.uid === uid && reasons.includes(reason),
  );
}

/** An event's words, for evidence. */
export function quoteWarning(warning: CoreV1Event | undefined): string | undefined {
  return warning === undefined ? undefined : `${warning.reason ?? "Warning"}: ${warning.message ?? ""}`.trim();
}

/** What there is to say of a pod whose node isn't heard of, as long as Kubernetes doesn't take it for lost. */
export function describeUnheardNode({ pod, warnings }: Pick<Sighting, "pod" | "warnings">): string | undefined {
  if (findWarning(warnings, { about: pod, reasons: ["NodeNotReady"] }) === undefined) return undefined;
  return `Node ${pod?.spec?.nodeName ?? "unknown"} is not heard of: main may go on there, but what it does can't be seen`;
}

/** What keeps a Job from making its pod: `kind` of a failure that won't pass, `no-pod` for what may. */
export function explainFailedCreate(warning: CoreV1Event): EndCause {
  const text = (warning.message ?? "").replace(/^Error creating: /, "");
  const kind = classifyRefusal(text);
  return fail(kind, `Cannot make the run's pod: ${text}`, { event: quoteWarning(warning) });
}

/** How the API server words its refusals. `no-pod`: nothing that is known to last. */
export function classifyRefusal(
  text: string,
): "quota-exceeded" | "service-account-missing" | "admission-refused" | "no-pod" {
  if (/exceeded quota|must specify (limits|requests)\./.test(text)) return "quota-exceeded";
  const account = /service ?account \S+ not found/i.test(text);
  // A new namespace gets its `default` account a moment later.
  if (account) return text.includes('"default" not found') ? "no-pod" : "service-account-missing";
  // A webhook that can't be reached, and a server that is busy, are no refusals.
  if (/failed calling webhook|timed? ?out|try again|etcdserver|connection refused/i.test(text)) return "no-pod";
  return /forbidden|denied the request|violates|is invalid/i.test(text) ? "admission-refused" : "no-pod";
}
