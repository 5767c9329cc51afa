/** Setup, before main, and the collector, beside it: containers of ours that no template can change. */
import { buildHelperCommand } from "../sidecar/mounts.ts";
import type { Action } from "../../src/contract/run.ts";
import { containers } from "./names.ts";
import type { Container } from "./plain.ts";
import { collectorResources, setupResources } from "./resources.ts";
import { helperSecurity, setupUser } from "./security.ts";
import type { JobSettings } from "./settings.ts";
import { collectorMounts, exchangeMount, hideToken, setupMounts } from "./volumes.ts";

export interface HelperOptions {
  readonly settings: JobSettings;
  readonly withToken: boolean;
}

/** The only container that sees git's credentials; its report is its termination message. */
export function buildSetup({ settings, withToken }: HelperOptions): Container {
  return {
    name: containers.setup,
    ...fromHelperImage(settings),
    command: buildHelperCommand("setup"),
    securityContext: { ...helperSecurity, ...setupUser },
    resources: setupResources,
    volumeMounts: [exchangeMount, ...setupMounts, ...hideToken(withToken)],
  };
}

/** Main's user runs it, as main may write files that nobody else can read. */
export function buildCollector(action: Action, { main, ...options }: HelperOptions & { main: Container }): Container {
  const { runAsUser, runAsGroup } = main.securityContext ?? {};
  return {
    name: containers.collector,
    ...fromHelperImage(options.settings),
    command: buildHelperCommand("collector", action),
    // Main starts when the collector can hear of its end.
    lifecycle: { postStart: { exec: { command: buildHelperCommand("collector-ready") } } },
    restartPolicy: "Always",
    securityContext: {
      ...helperSecurity,
      ...(runAsUser === undefined ? {} : { runAsUser }),
      ...(runAsGroup === undefined ? {} : { runAsGroup }),
    },
    resources: collectorResources,
    volumeMounts: [{ ...exchangeMount, readOnly: true }, ...collectorMounts, ...hideToken(options.withToken)],
  };
}

function fromHelperImage({ helperImage, helperImagePullPolicy }: JobSettings) {
  return { image: helperImage, imagePullPolicy: helperImagePullPolicy, terminationMessagePolicy: "File" };
}
