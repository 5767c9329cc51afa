/** A cluster whose admission gives helpers less memory than they ask for. */
import type { V1Job } from "@kubernetes/client-node";
import { parseJson, stringifyJson } from "../../../src/contract/json.ts";
import type { ApiProxy } from "../support/api-proxy.ts";

/** Less than Node.js needs to start. */
export const tooLittle = "10Mi";

/** From now on a container of the Jobs of that resource gets too little memory. */
export function starve(api: ApiProxy, { container, guresid }: { container: string; guresid: string }): void {
  api.rewrite(
    ({ method, url }) => method === "POST" && url.endsWith("/jobs"),
    (body) => (body.includes(guresid) ? stringifyJson(shrink(readJob(body), container)) : body),
  );
}

function readJob(body: string): V1Job {
  const parsed = parseJson(body, 100);
  if (!parsed.ok) throw new Error(`Cannot read a Job: ${parsed.problem}`);
  // What the agent sends as a Job is one; only its containers are looked at.
  return parsed.value as unknown as V1Job;
}

function shrink(job: V1Job, name: string): V1Job {
  const pod = job.spec?.template.spec;
  const found = [...(pod?.initContainers ?? []), ...(pod?.containers ?? [])].find((each) => each.name === name);
  if (found === undefined) throw new Error(`Cannot shrink container ${name}: the Job has none`);
  const { requests, limits } = found.resources ?? {};
  found.resources = { requests: { ...requests, memory: tooLittle }, limits: { ...limits, memory: tooLittle } };
  return job;
}
