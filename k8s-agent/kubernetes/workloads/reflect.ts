/**
 * Keeps up with a collection: lists it, then watches what changes, for as long as the signal allows. A watch that ends is
 * resumed where it was; where the server no longer knows what happened since (410), where a watch was silent for too long, or
 * broke without a word, all is listed again. Servers send a bookmark each minute: silence means that nobody is there.
 */
import { pause } from "../../../src/bus/pause.ts";
import type { JsonObject } from "../../../src/contract/json.ts";
import type { Logger } from "../../../src/log.ts";
import { ApiRefusal } from "../api/cluster-api.ts";
import type { ClusterFeed, ObjectQuery } from "../api/cluster-feed.ts";
import { createPauses, type PauseRange } from "../api/pauses.ts";

/** What becomes of the objects. Synchronous. */
export interface Mirror<T> {
  /** Undefined for what isn't ours. */
  readonly decode: (object: JsonObject) => T | undefined;
  /** These are all that there are. */
  replace(all: readonly T[]): void;
  put(one: T): void;
  remove(one: T): void;
}

export interface ReflectOptions<T> {
  readonly feed: ClusterFeed;
  readonly query: ObjectQuery;
  readonly mirror: Mirror<T>;
  readonly logger: Logger;
  readonly random: () => number;
  /** Before a watch is opened or a list is asked for again. */
  readonly pauses: PauseRange;
  readonly silenceMilliseconds: number;
  /** Told after each list whether there was one. A watch that can't be resumed ends in a list. */
  report(isCurrent: boolean): void;
  readonly signal: AbortSignal;
}

/** How a watch ended, and the version up to which it had told everything. */
interface WatchEnd {
  readonly version: string;
  readonly spoke: boolean;
  readonly error?: unknown;
}

/** Resolves once the signal aborts; never rejects. */
export async function reflect<T>(options: ReflectOptions<T>): Promise<void> {
  const { query, logger, pauses, random, signal } = options;
  let version: string | undefined;
  let nextPause = createPauses(pauses, random);
  while (!signal.aborted) {
    try {
      version ??= await list(options);
      options.report(true);
      const end = await watch(options, version);
      if (end.spoke) nextPause = createPauses(pauses, random);
      version = canResume(end) ? end.version : undefined;
      if (!signal.aborted) logger.debug({ ...query, err: end.error, relist: version === undefined }, "A watch ended");
    } catch (err) {
      options.report(false);
      if (!signal.aborted) logger.error({ ...query, err }, "A list failed");
    }
    await pause(nextPause(), signal);
  }
}

function canResume({ error, spoke }: WatchEnd): boolean {
  return error === undefined || (spoke && !(error instanceof ApiRefusal) && !(error instanceof Silence));
}

/** Returns the version that the list stands for. */
async function list<T>({ feed, query, mirror, signal }: ReflectOptions<T>): Promise<string> {
  const all: T[] = [];
  let version = "";
  for await (const { items, resourceVersion } of feed.listPages(query, signal)) {
    for (const item of items) {
      const decoded = mirror.decode(item);
      if (decoded !== undefined) all.push(decoded);
    }
    version = resourceVersion;
  }
  mirror.replace(all);
  return version;
}

async function watch<T>({ feed, query, mirror, ...options }: ReflectOptions<T>, from: string): Promise<WatchEnd> {
  const silence = createSilence(options.silenceMilliseconds);
  const signal = AbortSignal.any([options.signal, silence.signal]);
  let version = from;
  let spoke = false;
  try {
    for await (const message of feed.watchObjects({ ...query, resourceVersion: from }, signal)) {
      silence.restart();
      spoke = true;
      version = message.resourceVersion;
      const decoded = message.kind === "bookmark" ? undefined : mirror.decode(message.object);
      if (decoded === undefined) continue;
      if (message.kind === "deleted") mirror.remove(decoded);
      else mirror.put(decoded);
    }
    return { version, spoke };
  } catch (error) {
    return { version, spoke, error };
  } finally {
    silence.end();
  }
}

class Silence extends Error {}

function createSilence(milliseconds: number) {
  const controller = new AbortController();
  const expire = () => controller.abort(new Silence(`nothing was said for ${milliseconds / 1000} seconds`));
  let timer = setTimeout(expire, milliseconds);
  return {
    signal: controller.signal,
    restart() {
      clearTimeout(timer);
      timer = setTimeout(expire, milliseconds);
    },
    end: () => clearTimeout(timer),
  };
}
