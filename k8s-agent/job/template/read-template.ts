/** The request's pod template, read and judged. */
import { isJsonObject, stringifyJson, type JsonObject } from "../../../src/contract/json.ts";
import { describeLimit, limits } from "../../../src/contract/limits.ts";
import { refuse, succeed, type Result } from "../../../src/contract/result.ts";
import type { Container, PodSpec } from "../plain.ts";
import { checkTemplate } from "./check-template.ts";
import { readYaml } from "./read-yaml.ts";

type Texts = Readonly<Record<string, string>>;

type Lists = "containers" | "initContainers";
/** It may leave out what we fill in, or leave out a name or an image by mistake. */
export type TemplateContainer = Partial<Container>;

/** What a template says of the pod; each of its fields has been judged. */
export interface PodTemplate {
  readonly metadata: { readonly labels?: Texts; readonly annotations?: Texts };
  readonly spec: Omit<Partial<PodSpec>, Lists> & Partial<Record<Lists, readonly TemplateContainer[]>>;
}

const field = "driver.values.job.pod_template";
const mostFaults = 5;

/** A sentence about the template that can't be used, its path first. */
export function refuseTemplate(...faults: readonly string[]): ReturnType<typeof refuse> {
  const told = faults.slice(0, mostFaults);
  if (faults.length > mostFaults) told.push(`and ${faults.length - mostFaults} more`);
  return refuse(`Cannot use ${field}: ${told.join("; ")}`);
}

/** An empty text is no template, as template engines leave one behind. */
export function readTemplate(given: string | JsonObject | undefined): Result<PodTemplate> {
  const text = typeof given === "string" ? given : stringifyJson(given ?? {});
  const bytes = Buffer.byteLength(text);
  if (bytes > limits.podTemplateBytes)
    return refuseTemplate(describeLimit("it", bytes, limits.podTemplateBytes, "bytes"));
  const parsed = typeof given === "string" ? readYaml(given) : succeed(given);
  if (!parsed.ok) return refuseTemplate(parsed.problem);
  const { template, faults } = checkTemplate(dropKind(parsed.value ?? {}));
  if (faults.length > 0) return refuseTemplate(...faults);
  return succeed({ metadata: template.metadata ?? {}, spec: template.spec ?? {} });
}

/** A Pod's manifest is as good as a template. */
function dropKind(value: unknown): unknown {
  if (!isJsonObject(value)) return value;
  const { apiVersion, kind, ...rest } = value;
  const isPod = apiVersion === "v1" && kind === "Pod";
  return isPod ? rest : value;
}
