/**
 * Who has the credentials of one cluster can do what its agent needs, and nothing else: every verb, against everything of
 * another cluster's, of the front door's and of the server's. Twice: with the agent's credentials, and with those of a user to
 * whom its own account forbids nothing, which is what remains should an account's permissions ever be wrong.
 */
import { afterAll, describe, expect, test } from "vitest";
import { natsServerVersions } from "../../scripts/nats-server.ts";
import { buildLiveSubject, buildSubject } from "../../src/contract/subjects.ts";
import { mine, runIds, theirs } from "./attempts.ts";
import { listenEverywhere, send, sendEverything, toTable, type Subject } from "./matrix.ts";
import { openMatrixStage, type MatrixStage } from "./matrix-stage.ts";
import { agentRole } from "./roles.ts";

const stages = new Map<string, MatrixStage>();
for (const version of natsServerVersions) stages.set(version, await openMatrixStage(version));

afterAll(async () => {
  for (const { broker } of stages.values()) await broker.close();
});

const openAgent = async ({ broker }: MatrixStage): Promise<Subject> => ({
  user: await broker.connectAs({ cluster: mine }),
  role: agentRole,
  bound: true,
});
const openUnbound = async ({ broker }: MatrixStage): Promise<Subject> => ({
  user: await broker.connectWith(await broker.createUnboundUser({ cluster: mine })),
  role: agentRole,
  bound: false,
});

for (const [version, stage] of stages) {
  describe(`on nats-server ${version}`, () => {
    test("an agent's credentials allow what it needs", async () => {
      const { user } = await openAgent(stage);
      const answers = await Promise.all(agentRole.sends.map((each) => send(user, each)));
      const refused = agentRole.sends.filter(
        (_, i) => answers[i] === undefined || /"error"| 40\d /.test(answers[i] ?? ""),
      );
      expect(refused.map(({ subject }) => subject)).toEqual([]);
    });

    test("an agent hears what is asked of its cluster's runs, as it is asked", async () => {
      const { user } = await openAgent(stage);
      const heard = user.subscribe(buildLiveSubject("controls", { cluster: mine, runId: "*" }), {
        max: 1,
        timeout: 10_000,
      });
      await user.flush();
      await stage.frontDoor.request(buildSubject("controls", { cluster: mine, runId: runIds.leased }), "stop");
      for await (const message of heard) expect(message.string()).toBe("stop");
      expect(heard.getReceived()).toBe(1);
    });

    describe.each([
      ["an agent's credentials", openAgent],
      ["a user to whom its own account forbids nothing", openUnbound],
    ])("with %s", (_, open) => {
      test("everything else is refused, and changes nothing", { timeout: 240_000 }, async () => {
        const findings = await sendEverything(stage, await open(stage));
        expect(findings, toTable(findings)).toEqual([]);
      });

      test("nothing of others is heard, whatever is listened to", async () => {
        const findings = await listenEverywhere(stage, await open(stage));
        expect(findings, toTable(findings)).toEqual([]);
      });
    });

    test("after all that the other cluster's agent still holds its request, and gets the next one", async () => {
      const { other, lease } = stage;
      expect((await other.request(lease, "+ACK")).string()).toBe("");
      const pull = `HUB.API.CONSUMER.MSG.NEXT.requests-${theirs}.${theirs}`;
      const next = await other.request(pull, JSON.stringify({ batch: 1, expires: 5e9 }), {
        timeout: 5000,
        noMux: true,
      });
      expect(next.subject).toBe(`cd.v1.requests.${theirs}.${runIds.queued}`);
      // $JS.ACK.<stream>.<consumer>.<deliveries>: nobody was given it before.
      expect(next.reply?.split(".")[4]).toBe("1");
    });

    test(
      "the same attempts and ears do find what the front door's credentials allow",
      { timeout: 240_000 },
      async () => {
        const frontDoor = { user: await stage.broker.connectAs("front-door"), role: agentRole, bound: true };
        const findings = [...(await sendEverything(stage, frontDoor)), ...(await listenEverywhere(stage, frontDoor))];
        const kinds = new Set(findings.map(({ attempt }) => attempt));
        const expected = [
          "publish requests",
          "publish events",
          "publish controls",
          "KV put",
          "KV delete",
          "headers with powers",
          "listen",
        ];
        for (const kind of [...expected, "JetStream DIRECT.GET by sequence", "JetStream DIRECT.GET by subject"])
          expect(kinds).toContain(kind);
        expect(kinds).not.toContain("JetStream STREAM.DELETE");
        expect(kinds).not.toContain("JetStream STREAM.PURGE");
      },
    );
  });
}
