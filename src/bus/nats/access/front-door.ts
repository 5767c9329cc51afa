/** What the front door may do in the hub: it needs neither streams nor consumers of its own, and can't remove any. */
import type { Permissions } from "@nats-io/jwt";
import { buildRecordSubject } from "../../../contract/streams.ts";
import { buildLiveSubject, buildWildcard } from "../../../contract/subjects.ts";
import { inboxes } from "./grants.ts";

const everyRun = { cluster: "*", runId: "*" };

export const frontDoorPermissions: Partial<Permissions> = {
  pub: {
    allow: [
      buildWildcard("requests"),
      // `run.requested.v1`, and the end of runs that no agent has seen.
      buildWildcard("events"),
      buildWildcard("controls"),
      buildRecordSubject("resources", ">"),
      // Webhooks may be delivered with the same credentials.
      buildRecordSubject("webhooks", ">"),
      "$JS.API.DIRECT.GET.>",
    ],
  },
  sub: { allow: [inboxes, buildLiveSubject("events", everyRun), buildLiveSubject("logs", everyRun)] },
};

/** Whoever makes and removes streams and consumers. */
export const provisionPermissions: Partial<Permissions> = { pub: { allow: [">"] }, sub: { allow: [">"] } };
