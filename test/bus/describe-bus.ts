/** What every bus does: the one behaviour suite that each implementation is run against. */
import { describe } from "vitest";
import { describeAgents } from "./agents-suite.ts";
import { describeClosing } from "./closing-suite.ts";
import { describeControls } from "./controls-suite.ts";
import { describeFollow, describeLimits } from "./follow-suite.ts";
import { describeHistory } from "./history-suite.ts";
import { describeJournal } from "./journal-suite.ts";
import { describeRecords } from "./records-suite.ts";
import { describeRequests } from "./requests-suite.ts";
import { createPlay, type OpenStage } from "./stage.ts";

export function describeBus(name: string, open: OpenStage): void {
  const play = createPlay(open);
  describe(name, () => {
    describeRecords(play);
    for (const channel of ["events", "logs"] as const) {
      describeJournal(play, channel);
      describeFollow(play, channel);
    }
    describeControls(play);
    describeLimits(play);
    describeHistory(play);
    describeRequests(play);
    describeAgents(play);
    describeClosing(play);
  });
}
