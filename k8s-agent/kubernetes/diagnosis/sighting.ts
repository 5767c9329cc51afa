/** What is known of a run's workload at a moment: what its diagnosis is made from, and nothing else. */
import type { CoreV1Event, V1Job, V1Pod } from "@kubernetes/client-node";
import type { EndCause } from "../../launch/launcher.ts";

export interface Sighting {
  /** As it was seen last. */
  readonly job: V1Job | undefined;
  /** It was there and isn't any more. */
  readonly jobGone: boolean;
  /** The run's own pod, as it was seen last. */
  readonly pod: V1Pod | undefined;
  /** It was there and isn't any more. */
  readonly podGone: boolean;
  readonly warnings: readonly CoreV1Event[];
  /** An agent has stopped the run: what becomes of the pod is no surprise. */
  readonly stopped: boolean;
  /** It had to be killed, and its pod removed, before anybody could say how it ended. */
  readonly killed: boolean;
  /** Since when an image can't be pulled, milliseconds since 1970; undefined: it can, or nobody has tried. */
  readonly pullFailingSince: number | undefined;
}

/** How long trouble that may pass is waited out, seconds. */
export interface Graces {
  /** An image that can't be pulled. */
  readonly imagePullSeconds: number;
  /** A pod without a node or without its volumes. */
  readonly pendingSeconds: number;
  /** A Job that makes no pod. */
  readonly noPodSeconds: number;
  /** Beyond a deleted pod's own grace, for its kubelet to say that it has ended. */
  readonly departureSeconds: number;
}

export const defaultGraces: Graces = {
  imagePullSeconds: 30,
  pendingSeconds: 300,
  noPodSeconds: 60,
  departureSeconds: 15,
};

export type Diagnosis =
  /** It goes on. `recheckAt`: when time alone may change that, milliseconds since 1970. */
  | { readonly kind: "starting" | "running"; readonly recheckAt?: number }
  /** `hasRun`: main has started, so that the collector may have read what it left. */
  | { readonly kind: "ended"; readonly cause: EndCause; readonly hasRun: boolean };

/** Trouble that ends the run: at once, or when it has lasted for too long. */
export interface Trouble {
  readonly cause: EndCause;
  /** Milliseconds since 1970; left out: at once. */
  readonly since?: number;
  readonly seconds?: number;
}

export function judgeTrouble({ cause, since, seconds = 0 }: Trouble, now: number): Diagnosis {
  const end = since === undefined ? now : since + seconds * 1000;
  return now >= end ? { kind: "ended", cause, hasRun: false } : { kind: "starting", recheckAt: end };
}
