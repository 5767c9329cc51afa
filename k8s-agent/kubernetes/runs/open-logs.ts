/**
 * Which runs' logs are being read just now. A node removes what a deleted pod has printed as soon as its containers have ended:
 * what wasn't being read by then nobody will ever read. So whoever stops a run lets its log be opened first.
 */
import { createNotifier, until } from "./notifier.ts";

export interface OpenLogs {
  opened(runId: string): void;
  closed(runId: string): void;
  /** Resolves when the run's log is open, or the signal aborts. */
  untilOpen(runId: string, signal: AbortSignal): Promise<void>;
}

export function createOpenLogs(): OpenLogs {
  const open = new Set<string>();
  const { notify, changed } = createNotifier();
  return {
    opened(runId) {
      open.add(runId);
      notify();
    },
    closed: (runId) => void open.delete(runId),
    async untilOpen(runId, signal) {
      await until(() => open.has(runId), { changed, signal });
    },
  };
}
