/**
 * A team's credentials read the events of its clusters' runs, live and later, and do nothing else: everything that an agent's
 * credentials are tried with, and what its own cluster has beside events. Twice, as for agents.
 */
import type { NatsConnection } from "@nats-io/nats-core";
import { afterAll, describe, expect, test } from "vitest";
import { natsServerVersions } from "../../scripts/nats-server.ts";
import { mine, runIds, theirs } from "./attempts.ts";
import { listenEverywhere, send, sendEverything, toTable, type Subject } from "./matrix.ts";
import { openMatrixStage, type MatrixStage } from "./matrix-stage.ts";
import { teamRole } from "./roles.ts";

const team = "readers";
const stages = new Map<string, MatrixStage>();
for (const version of natsServerVersions) {
  const stage = await openMatrixStage(version);
  await stage.broker.addTeam(team, { clusters: [mine], logs: false });
  stages.set(version, stage);
}

afterAll(async () => {
  for (const { broker } of stages.values()) await broker.close();
});

const openTeam = async ({ broker }: MatrixStage): Promise<Subject> => ({
  user: await broker.connectAs({ team }),
  role: teamRole,
  bound: true,
});
const openUnbound = async ({ broker }: MatrixStage): Promise<Subject> => ({
  user: await broker.connectWith(await broker.createUnboundUser({ team })),
  role: teamRole,
  bound: false,
});

const live = (channel: string, cluster: string) => `cd.v1.live.${channel}.${cluster}.*`;

/** Subjects of what is heard while everything that a cluster has is written to; those that may not be heard are refused. */
async function listen(stage: MatrixStage, user: NatsConnection, subjects: readonly string[]) {
  const heard: string[] = [];
  const refused: string[] = [];
  for (const subject of subjects) {
    const callback = (error: Error | null, message: { subject: string }) => {
      if (error === null) heard.push(message.subject);
      else refused.push(subject);
    };
    user.subscribe(subject, { callback });
  }
  await user.flush();
  for (const cluster of [mine, theirs]) {
    for (const channel of ["logs", "events"]) {
      const agent = await stage.broker.connectAs({ cluster });
      await agent.request(`cd.v1.${channel}.${cluster}.${runIds.leased}`, "something");
      await agent.close();
    }
    await stage.frontDoor.request(`cd.v1.controls.${cluster}.${runIds.leased}`, "something");
  }
  await stage.frontDoor.flush();
  // Whatever was stored is repeated before the server answers us here.
  await user.flush();
  return { heard, refused };
}

for (const [version, stage] of stages) {
  describe(`on nats-server ${version}`, () => {
    test("a team reads what its cluster's events were, and hears what they are", async () => {
      const { user } = await openTeam(stage);
      const answers = await Promise.all(teamRole.sends.map((each) => send(user, each)));
      for (const answer of answers) expect(answer).toMatch(/ 0 .*Nats-Sequence: \d+.*our own$/);
      const { heard, refused } = await listen(stage, user, [live("events", mine)]);
      expect({ heard, refused }).toEqual({ heard: [`cd.v1.live.events.${mine}.${runIds.leased}`], refused: [] });
    });

    test("it hears nothing else, of its own cluster either", async () => {
      const { user } = await openTeam(stage);
      const others = ["events", "logs", "controls", "requests", "agents"].map(
        (channel) => `cd.v1.${channel}.${mine}.*`,
      );
      const closed = [live("logs", mine), live("controls", mine), live("events", theirs), "cd.v1.live.>", ...others];
      const { heard, refused } = await listen(stage, user, closed);
      expect({ heard, refused: new Set(refused) }).toEqual({ heard: [], refused: new Set(closed) });
      const unbound = await openUnbound(stage);
      const everything = await listen(stage, unbound.user, [">"]);
      expect(everything.heard.filter((subject) => !subject.startsWith("_INBOX."))).toEqual([
        `cd.v1.live.events.${mine}.${runIds.leased}`,
      ]);
    });

    describe.each([
      ["a team's credentials", openTeam],
      ["a user to whom the team's account forbids nothing", openUnbound],
    ])("with %s", (_, open) => {
      test("everything else is refused, and changes nothing", { timeout: 240_000 }, async () => {
        const findings = await sendEverything(stage, await open(stage));
        expect(findings, toTable(findings)).toEqual([]);
      });

      test("nothing of other clusters is heard, whatever is listened to", async () => {
        const findings = await listenEverywhere(stage, await open(stage));
        expect(findings, toTable(findings)).toEqual([]);
      });
    });

    test("what a team may read can be changed while it is connected", async () => {
      await stage.broker.addTeam("changing", { clusters: [mine], logs: false });
      const before = await stage.broker.connectAs({ team: "changing" });
      expect((await listen(stage, before, [live("events", mine)])).heard).toHaveLength(1);
      await stage.broker.addTeam("changing", { clusters: [theirs], logs: true });
      const after = await stage.broker.connectAs({ team: "changing" });
      const all = [live("events", theirs), live("logs", theirs)];
      expect((await listen(stage, after, all)).heard.toSorted()).toEqual([
        `cd.v1.live.events.${theirs}.${runIds.leased}`,
        `cd.v1.live.logs.${theirs}.${runIds.leased}`,
      ]);
      expect(await send(after, { subject: `HUB.API.DIRECT.GET.logs-${theirs}`, data: '{"seq":1}' })).toContain(" 0 ");
      for (const user of [before, after]) {
        expect(await send(user, { subject: `HUB.API.DIRECT.GET.events-${mine}`, data: '{"seq":1}' })).toBeUndefined();
        expect((await listen(stage, user, [live("events", mine)])).heard).toEqual([]);
      }
    });
  });
}
