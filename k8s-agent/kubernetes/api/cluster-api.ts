/**
 * What the agent asks of the Kubernetes API, and nothing else of it: every call is counted (`calls`), and each needs a rule
 * in the agent's Role (k8s-agent/deploy). Calls wait out an API server that is away, overloaded (429 with `Retry-After`) or
 * restarting, until their signal aborts: then they reject with its reason. They reject with `ApiRefusal` for what another
 * try can't mend.
 */
import type { V1Job, V1Secret } from "@kubernetes/client-node";

export interface ObjectRef {
  readonly namespace: string;
  readonly name: string;
}

export interface ClusterApi {
  createSecret(secret: V1Secret, signal: AbortSignal): Promise<Created>;
  createJob(job: V1Job, signal: AbortSignal): Promise<Created>;
  readSecret(secret: ObjectRef, signal: AbortSignal): Promise<V1Secret | undefined>;
  readJob(job: ObjectRef, signal: AbortSignal): Promise<V1Job | undefined>;
  /** And, in the background, all that it owns. One that isn't there is fine. */
  deleteSecret(secret: ObjectRef, signal: AbortSignal): Promise<void>;
  /**
   * Ends the Job's time: its controller ends the pod, with the pod's own grace, and never makes another. The Job stays, so
   * that whoever comes later finds that the run was launched. One that isn't there is fine, and one that has ended. `why`
   * stands in an annotation.
   */
  haltJob(job: ObjectRef & { readonly why?: string }, signal: AbortSignal): Promise<void>;
  /** That very pod (by uid), with a grace; 0 doesn't wait for its kubelet. One that isn't there is fine. */
  deletePod(pod: ObjectRef & { readonly uid: string }, options: DeleteOptions): Promise<void>;
  openLog(request: LogRequest): Promise<LogAnswer>;
  /** How often each verb was called, such as `create secrets`, since the start: for metrics and tests. */
  readonly calls: ReadonlyMap<string, number>;
}

export interface DeleteOptions {
  readonly graceSeconds: number;
  readonly signal: AbortSignal;
}

export type Created =
  | { readonly kind: "created"; readonly uid: string }
  /** One of this name is there. */
  | { readonly kind: "exists" };

export interface LogRequest extends ObjectRef {
  readonly container: string;
  readonly follow: boolean;
  readonly timestamps: boolean;
  /** RFC 3339; the server cuts it to whole seconds. */
  readonly sinceTime?: string;
  readonly tailLines?: number;
  readonly signal: AbortSignal;
}

export type LogAnswer =
  /**
   * The log's bytes; silence may last for hours, a dead connection is noticed after half a minute of it. Iterating ends
   * where the server says that it is complete, which isn't always so (rotation), and rejects where the connection broke.
   * Leaving the loop closes the connection.
   */
  | { readonly kind: "open"; readonly bytes: AsyncIterable<Uint8Array> }
  /** The container has not started yet (400), or isn't scheduled (204). */
  | { readonly kind: "not-yet"; readonly message: string }
  /** There is no such pod, or not any more. */
  | { readonly kind: "gone" };

/** The API server said no, and will again: status and its own sentence. */
export class ApiRefusal extends Error {
  readonly status: number;
  /** `reason` of the Status object, such as `Forbidden` or `Invalid`. */
  readonly reason: string;

  constructor(what: string, { status, reason, message }: { status: number; reason: string; message: string }) {
    super(`Cannot ${what}: ${message}`);
    this.name = "ApiRefusal";
    this.status = status;
    this.reason = reason;
  }
}
