/** A container's log as `kubectl logs -f` brings it: kubectl itself where there is one, else the same request. */
import { spawn } from "node:child_process";
import { Writable } from "node:stream";
import { Log, type KubeConfig } from "@kubernetes/client-node";
import { createLineCutter, type SeenLine } from "./follow-lines.ts";

export interface PodContainer {
  readonly kubeConfig: KubeConfig;
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
}

export interface FollowedPod {
  /** Who follows. */
  readonly by: "kubectl logs -f" | "pods/log";
  /** All lines, once the container has ended; each begins with the moment at which the node read it. */
  readonly lines: Promise<SeenLine[]>;
}

/** Begins to follow; the container must be running. */
export async function followPod(place: PodContainer): Promise<FollowedPod> {
  const lines: SeenLine[] = [];
  const cut = createLineCutter();
  const hear = (piece: Buffer) => {
    const at = process.hrtime.bigint();
    lines.push(...cut(piece.toString("utf8")).map((text) => ({ text, at })));
  };
  const kubectl = await startKubectl(place, hear);
  if (kubectl !== undefined) return { by: "kubectl logs -f", lines: kubectl.ended.then(() => lines) };
  const { ended } = await startRequest(place, hear);
  return { by: "pods/log", lines: ended.then(() => lines) };
}

interface Following {
  readonly ended: Promise<void>;
}

/** Undefined where there is no kubectl. */
async function startKubectl(
  { namespace, pod, container }: PodContainer,
  hear: (piece: Buffer) => void,
): Promise<Following | undefined> {
  const args = ["logs", "-f", "--timestamps", "-n", namespace, pod, "-c", container];
  const kubectl = spawn("kubectl", args, { stdio: ["ignore", "pipe", "inherit"] });
  kubectl.stdout.on("data", hear);
  const ended = new Promise<void>((resolve) => kubectl.on("close", () => resolve()));
  const started = await new Promise<boolean>((resolve) => {
    kubectl.on("spawn", () => resolve(true));
    kubectl.on("error", () => resolve(false));
  });
  return started ? { ended } : undefined;
}

async function startRequest(
  { kubeConfig, namespace, pod, container }: PodContainer,
  hear: (piece: Buffer) => void,
): Promise<Following> {
  const ended = Promise.withResolvers<void>();
  const target = new Writable({
    write(piece: Buffer, _, done) {
      hear(piece);
      done();
    },
    final(done) {
      ended.resolve();
      done();
    },
  });
  await new Log(kubeConfig).log(namespace, pod, container, target, { follow: true, timestamps: true });
  return { ended: ended.promise };
}
