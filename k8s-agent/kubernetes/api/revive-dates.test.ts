import { expect, test } from "vitest";
import { reviveDates } from "./revive-dates.ts";

test("times become dates, wherever they are; what is null or no time is left out; anybody's words stay", () => {
  const now = "2026-11-23T00:00:00Z";
  const revived = reviveDates({
    metadata: { creationTimestamp: now, deletionTimestamp: null, labels: { startTime: now }, name: now },
    status: { conditions: [{ lastTransitionTime: now, lastProbeTime: "soon" }], startTime: 7 },
  });
  expect(revived).toEqual({
    metadata: { creationTimestamp: new Date(now), labels: { startTime: now }, name: now },
    status: { conditions: [{ lastTransitionTime: new Date(now), lastProbeTime: undefined }], startTime: 7 },
  });
});
