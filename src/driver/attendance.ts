/** Whether anybody is there to carry a run out. */
import { BusUnavailable, type AgentDirectory } from "../bus/port.ts";
import { isRequested, type RunState } from "./decide.ts";
import type { ResourceRecord } from "./record.ts";

export interface Attendance {
  /**
   * Whether a run that nobody has taken yet (one that was just placed has no state) has to wait for an agent to come;
   * false when that can't be told.
   */
  isWaiting(run: { readonly record: ResourceRecord; readonly state?: RunState }): Promise<boolean>;
}

export function createAttendance(agents: AgentDirectory): Attendance {
  return {
    async isWaiting({ record, state }) {
      if (state !== undefined && !isRequested({ state })) return false;
      try {
        return (await agents.list(record.run.cluster)).length === 0;
      } catch (error) {
        // The run is placed: that it can't be said who is there must not turn its 202 into an error.
        if (error instanceof BusUnavailable) return false;
        throw error;
      }
    },
  };
}
