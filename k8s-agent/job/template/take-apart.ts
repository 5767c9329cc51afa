/**
 * A template's containers, apart by what they are in a run. `main`, or a single one without a name, is the user's container.
 * Any other is a sidecar, and is run as a native one (an init container that restarts, Kubernetes 1.29): beside main as a
 * plain container it would keep the pod alive after main's end, and its own end would count as the run's.
 */
import { exchangeDirectory, reservedVariables } from "../../../src/contract/container/variables.ts";
import { refuse, succeed, type Result } from "../../../src/contract/result.ts";
import { containers } from "../names.ts";
import type { Container, Volume } from "../plain.ts";
import { volumeSizes } from "../resources.ts";
import { shareWorkspace, volumes as ourVolumes } from "../volumes.ts";
import { refuseTemplate, type PodTemplate, type TemplateContainer } from "./read-template.ts";

export interface TemplateParts {
  /** What the template says of main. */
  readonly main: TemplateContainer;
  /** Its init containers, then its sidecars, in the order in which they start. */
  readonly others: readonly Container[];
  readonly volumes: readonly Volume[];
}

export interface TakeApartOptions {
  readonly sharedDirectory: string;
  /** Whether the run has a service account that the agent allows. */
  readonly withToken: boolean;
}

type Named<T> = readonly [path: string, value: T];

export function takeApart({ spec }: PodTemplate, options: TakeApartOptions): Result<TemplateParts> {
  const plain = number("spec.containers", spec.containers);
  const inits = number("spec.initContainers", spec.initContainers);
  const volumes = number("spec.volumes", spec.volumes);
  const mains = plain.filter(([, { name }]) => isMain(name, plain.length));
  const sidecars = plain.filter((one) => !mains.includes(one));
  const faults = [
    ...mains.slice(1).map(([path]) => `${path}.name is "main" for the second time`),
    ...mains.flatMap(([path, main]) => listMainFaults(path, main, options)),
    ...[...inits, ...sidecars].flatMap(([path, other]) => listOtherFaults(path, other)),
    ...sidecars.flatMap(([path, { restartPolicy }]) =>
      restartPolicy === undefined ? [] : [`${path}.restartPolicy is set, and a sidecar is restarted always`],
    ),
    ...inits.flatMap(([path, { restartPolicy = "Always" }]) =>
      restartPolicy === "Always" ? [] : [`${path}.restartPolicy is set, and only "Always" is possible`],
    ),
    ...listTwice([...inits, ...sidecars]),
    ...listTwice(volumes),
    ...volumes.flatMap(([path, volume]) => listVolumeFaults(path, volume, options)),
  ];
  if (faults.length > 0) return refuseTemplate(...faults);
  const native = sidecars.map(([, sidecar]) => ({ ...sidecar, restartPolicy: "Always" }));
  return succeed({
    main: mains[0]?.[1] ?? {},
    others: [...inits.map(([, init]) => init), ...native].map(toContainer),
    volumes: volumes.map(([, volume]) => limitSize(volume)),
  });
}

/** One that has both: the faults have told of others. */
function toContainer({ name = "", image = "", ...rest }: TemplateContainer): Container {
  const mounts = rest.volumeMounts === undefined ? {} : { volumeMounts: rest.volumeMounts.map(shareWorkspace) };
  return { name, image, ...rest, ...mounts };
}

function number<T>(path: string, list: readonly T[] = []): Named<T>[] {
  return list.map((one, index) => [`${path}[${index}]`, one]);
}

function isMain(name: string | undefined, containersInAll: number): boolean {
  return name === containers.main || (containersInAll === 1 && (name ?? "") === "");
}

function listMainFaults(path: string, main: TemplateContainer, { sharedDirectory }: TakeApartOptions): string[] {
  const directories = [sharedDirectory, exchangeDirectory];
  const over = number(`${path}.volumeMounts`, main.volumeMounts).flatMap(([at, { mountPath }]) => {
    const taken = directories.includes(normalise(mountPath)) || isInside(normalise(mountPath), exchangeDirectory);
    return taken ? [`${at}.mountPath is ${quote(mountPath)}, which the driver sets itself`] : [];
  });
  const fixed = (["workingDir", "restartPolicy"] as const)
    .filter((name) => main[name] !== undefined)
    .map((name) => `${path}.${name} is set, which the driver sets itself`);
  const names: readonly string[] = reservedVariables;
  const set = number(`${path}.env`, main.env).flatMap(([at, { name }]) =>
    names.includes(name) ? [`${at}.name is "${name}", which is one of the container contract's own variables`] : [],
  );
  return [...fixed, ...over, ...set, ...listMountFaults(path, main, [])];
}

function listOtherFaults(path: string, other: TemplateContainer): string[] {
  const ours: readonly string[] = Object.values(containers);
  const { name = "", image = "" } = other;
  return [
    ...(name === "" ? [`${path}.name is missing`] : []),
    ...(ours.includes(name) ? [`${path}.name is ${quote(name)}, which is the name of another container`] : []),
    ...(image === "" ? [`${path}.image is missing`] : []),
    ...listMountFaults(path, other, [ourVolumes.shared]),
  ];
}

/** Volumes of ours: one may be mounted by others, what inputs, outputs and keys travel in by none. */
function listMountFaults(
  path: string,
  { volumeMounts = [], volumeDevices = [] }: TemplateContainer,
  but: string[],
): string[] {
  const ours: readonly string[] = Object.values(ourVolumes);
  const mounts = [...number(`${path}.volumeMounts`, volumeMounts), ...number(`${path}.volumeDevices`, volumeDevices)];
  return mounts.flatMap(([at, { name }]) =>
    ours.includes(name) && !but.includes(name) ? [`${at}.name is "${name}", a volume of the driver's own`] : [],
  );
}

function listTwice(list: readonly Named<{ name?: string }>[]): string[] {
  const names = list.map(([, { name }]) => name);
  return list.flatMap(([path, { name }], index) =>
    name !== undefined && names.indexOf(name) < index ? [`${path}.name is ${quote(name)} for the second time`] : [],
  );
}

function listVolumeFaults(path: string, volume: Volume, { withToken }: TakeApartOptions): string[] {
  const ours: readonly string[] = Object.values(ourVolumes);
  const { name, projected } = volume;
  return [
    ...(ours.includes(name) ? [`${path}.name is "${name}", a volume of the driver's own`] : []),
    // Without an account of its own it would be the token of the namespace's default one, which nobody put on the list.
    ...number(`${path}.projected.sources`, projected?.sources).flatMap(([at, { serviceAccountToken }]) =>
      serviceAccountToken !== undefined && !withToken
        ? [`${at}.serviceAccountToken is set, which needs a service account that this cluster's agent allows`]
        : [],
    ),
  ];
}

function limitSize(volume: Volume): Volume {
  const { emptyDir } = volume;
  return emptyDir === undefined ? volume : { ...volume, emptyDir: { sizeLimit: volumeSizes.template, ...emptyDir } };
}

function quote(text: string): string {
  return JSON.stringify(text.slice(0, 80));
}

/** As the kubelet has it: from the root, without empty parts and dots. */
function normalise(path: string): string {
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return `/${parts.join("/")}`;
}

function isInside(path: string, directory: string): boolean {
  return path.startsWith(`${directory}/`);
}

/** The image that main gets: the template's word before the request's. */
export function requireImage(main: TemplateContainer): Result<string> {
  if (main.image !== undefined && main.image !== "") return succeed(main.image);
  return refuse(
    "Cannot start main: driver.values.job.image is missing, and driver.values.job.pod_template has no image for the " +
      "container main",
  );
}
