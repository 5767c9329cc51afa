/**
 * The API server's JSON over HTTP. Of the client library it takes the kubeconfig, the ways to prove who we are, and the
 * types: its calls open a connection each, have no time limit, and its log and watch lose errors.
 */
import type { KubeConfig, V1Job, V1Secret } from "@kubernetes/client-node";
import { isJsonObject, parseJson, stringifyJson, type JsonObject } from "../../../src/contract/json.ts";
import type { Logger } from "../../../src/log.ts";
import { annotations } from "../../job/names.ts";
import { createCaller, type ApiCall, type Caller } from "./caller.ts";
import type { ClusterApi, Created, ObjectRef } from "./cluster-api.ts";
import type { ClusterFeed } from "./cluster-feed.ts";
import { createApiConnection, type ApiResponse } from "./connection.ts";
import { createLogOpener } from "./open-log.ts";
import { buildCollectionPath, buildObjectPath } from "./paths.ts";
import type { PauseRange } from "./pauses.ts";
import { createClusterFeed } from "./read-feed.ts";
import { reviveDates } from "./revive-dates.ts";
import type { ApiStatus } from "./status.ts";

export interface ClusterApiOptions {
  readonly kubeConfig: KubeConfig;
  readonly logger: Logger;
  readonly random: () => number;
  /** Between attempts: from 200 ms to 5 s if left out, so that a server that is back is found within that. */
  readonly pauses?: PauseRange;
  /** Time limit of a first attempt: 10 s if left out. */
  readonly attemptMilliseconds?: number;
}

export interface ClusterClient extends ClusterApi, ClusterFeed {
  /** Whether the API server has answered whoever asked it last; false before anybody did. */
  isReachable(): boolean;
  /** Ends all connections, with what is under way on them. */
  close(): Promise<void>;
}

export function createClusterApi({ kubeConfig, logger, random, ...timing }: ClusterApiOptions): ClusterClient {
  const { pauses = { firstMilliseconds: 200, mostMilliseconds: 5000 }, attemptMilliseconds = 10_000 } = timing;
  const connection = createApiConnection(kubeConfig);
  const caller = createCaller({ connection, logger, random, pauses, attemptMilliseconds });
  return {
    ...createWriter(caller),
    ...createReader(caller),
    ...createClusterFeed({ caller, attemptMilliseconds }),
    openLog: createLogOpener({ caller, attemptMilliseconds }),
    calls: caller.calls,
    isReachable: caller.isReachable,
    close: connection.close,
  };
}

type Writer = Pick<ClusterApi, "createSecret" | "createJob" | "deleteSecret" | "haltJob" | "deletePod">;

function createWriter(caller: Caller): Writer {
  return {
    createSecret: (secret, signal) => createObject(caller, { kind: "Secret", object: secret, signal }),
    createJob: (job, signal) => createObject(caller, { kind: "Job", object: job, signal }),
    async deleteSecret(secret, signal) {
      const body = stringifyJson({ kind: "DeleteOptions", apiVersion: "v1", propagationPolicy: "Background" });
      await caller.call(
        { ...address("delete", "Secret", secret), method: "DELETE", body, signal, accepts: isMissing },
        drain,
      );
    },
    async haltJob(job, signal) {
      const metadata = job.why === undefined ? {} : { annotations: { [annotations.halted]: job.why } };
      const body = stringifyJson({ metadata, spec: { activeDeadlineSeconds: 1 } });
      const contentType = "application/merge-patch+json";
      await caller.call(
        { ...address("patch", "Job", job), method: "PATCH", body, contentType, signal, accepts: isMissing },
        drain,
      );
    },
    async deletePod(pod, { graceSeconds, signal }) {
      const preconditions = { uid: pod.uid };
      const body = stringifyJson({
        kind: "DeleteOptions",
        apiVersion: "v1",
        gracePeriodSeconds: graceSeconds,
        preconditions,
      });
      // Another pod of that name: the one that was meant isn't there.
      const accepts = (status: ApiStatus) => isMissing(status) || isOtherObject(status);
      await caller.call({ ...address("delete", "Pod", pod), method: "DELETE", body, signal, accepts }, drain);
    },
  };
}

type Reader = Pick<ClusterApi, "readSecret" | "readJob">;

function createReader(caller: Caller): Reader {
  return {
    readSecret: (secret, signal) => readObject<V1Secret>(caller, { ...address("get", "Secret", secret), signal }),
    readJob: (job, signal) => readObject<V1Job>(caller, { ...address("get", "Job", job), signal }),
  };
}

async function createObject(
  caller: Caller,
  { kind, object, signal }: { kind: Kind; object: V1Secret | V1Job; signal: AbortSignal },
): Promise<Created> {
  const { namespace = "", name = "" } = object.metadata ?? {};
  const path = buildCollectionPath(plurals[kind], namespace);
  const call = describe("create", kind, { namespace, name });
  const body = stringifyJson(object);
  const accepts = ({ status, reason }: ApiStatus) => status === 409 && reason === "AlreadyExists";
  const answer = await caller.call({ ...call, path, method: "POST", body, signal, accepts }, readJson);
  if (answer.kind === "other") return { kind: "exists" };
  const { metadata } = answer.value;
  const uid = isJsonObject(metadata) ? metadata["uid"] : undefined;
  return { kind: "created", uid: typeof uid === "string" ? uid : "" };
}

async function readObject<T>(
  caller: Caller,
  call: Pick<ApiCall, "verb" | "what" | "path" | "signal">,
): Promise<T | undefined> {
  const answer = await caller.call({ ...call, method: "GET", accepts: isMissing }, readJson);
  // The server's own answer to a GET of this very kind: its schema is the server's to keep.
  return answer.kind === "other" ? undefined : (reviveDates(answer.value) as T);
}

const plurals = { Secret: "secrets", Job: "jobs", Pod: "pods" } as const;

type Kind = keyof typeof plurals;

function describe(verb: string, kind: Kind, { namespace, name }: ObjectRef) {
  return { verb: `${verb} ${plurals[kind]}`, what: `${verb} ${kind} ${namespace}/${name}` };
}

function address(verb: string, kind: Kind, ref: ObjectRef) {
  return { ...describe(verb, kind, ref), path: buildObjectPath(plurals[kind], ref) };
}

function isMissing({ status }: ApiStatus): boolean {
  return status === 404;
}

/** The server has two sentences for it: "UID in precondition: …" and "the UID in the precondition (…) does not match". */
function isOtherObject({ status, message }: ApiStatus): boolean {
  return status === 409 && message.includes("precondition");
}

/** Rejects, so that the question is asked again, where the answer was cut off. */
async function readJson({ body }: ApiResponse): Promise<JsonObject> {
  const parsed = parseJson(await body.text(), mostLevels);
  if (!parsed.ok) throw new Error(`Cannot read the API server's answer: ${parsed.problem}`);
  if (!isJsonObject(parsed.value)) throw new Error("Cannot read the API server's answer: not an object");
  return parsed.value;
}

/** Objects hold what others wrote: more levels than our own messages have. */
const mostLevels = 200;

async function drain({ body }: ApiResponse): Promise<void> {
  await body.dump();
}
