/** Reads the collector's log beside everything else, from when it is there. */
import { pause } from "../../../src/bus/pause.ts";
import type { Logger } from "../../../src/log.ts";
import type { Collected } from "../../launch/launcher.ts";
import type { ClusterApi } from "../api/cluster-api.ts";
import type { Sighting } from "../diagnosis/sighting.ts";
import { readCollectorLog } from "./collector-log.ts";
import { hasCollectorEnded } from "./collector-state.ts";
import { until, type Notifier } from "./notifier.ts";

export interface CollectorReader {
  /** Call it when the collector has started; twice is fine. */
  start(): void;
  /** What was collected: call it when main has ended. Undefined: nothing will come any more, or has come in time. */
  finish(): Promise<Collected | undefined>;
}

export interface CollectorReaderOptions {
  readonly api: Pick<ClusterApi, "openLog">;
  readonly getKey: (signal: AbortSignal) => Promise<string | undefined>;
  readonly getSighting: () => Sighting;
  readonly changed: Notifier["changed"];
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

/** Beyond the pod's grace for the collector to say something, once main has ended. */
const collectMilliseconds = 60_000;
/** Once it has ended, for what is under way of its log, and one more look. */
const endedMilliseconds = 15_000;

export function createCollectorReader(options: CollectorReaderOptions): CollectorReader {
  const { api, getKey, getSighting, changed, logger, signal } = options;
  let reading: Promise<Collected | undefined> | undefined;

  async function read(): Promise<Collected | undefined> {
    const { pod } = getSighting();
    try {
      const key = await getKey(signal);
      if (key === undefined || pod === undefined) return undefined;
      const hasEnded = () => hasCollectorEnded(getSighting());
      const onProblem = (problem: string) => logger.warn({ problem }, "Could not read what the collector printed");
      return await readCollectorLog({ api, pod, key, hasEnded, changed, onProblem, signal });
    } catch (error) {
      if (!signal.aborted) logger.error({ err: error }, "Could not read what the collector printed");
      return undefined;
    }
  }

  async function patience(turn: AbortSignal): Promise<undefined> {
    const grace = getSighting().pod?.spec?.terminationGracePeriodSeconds ?? 0;
    const ended = until(() => hasCollectorEnded(getSighting()), { changed, signal: turn });
    await Promise.race([
      pause(grace * 1000 + collectMilliseconds, turn),
      ended.then(() => pause(endedMilliseconds, turn)),
    ]);
    return undefined;
  }

  return {
    start() {
      reading ??= read();
    },
    async finish() {
      const turn = new AbortController();
      const found = (reading ??= read());
      return Promise.race([found, patience(AbortSignal.any([signal, turn.signal]))]).finally(() => turn.abort());
    },
  };
}
