import { describe, expect, test } from "vitest";
import { MessageTooLarge, type Bus } from "../../src/bus/port.ts";
import { limits } from "../../src/contract/limits.ts";
import { range, toBytes, toText, type Play } from "./stage.ts";

export function describeAgents(play: Play): void {
  const list = async (bus: Bus, cluster: string) => (await bus.agents.list(cluster)).map(toText).sort();

  describe("agents", () => {
    test("a cluster's replicas are listed, each with what it announced last", () =>
      play({ ownClusters: true }, async ({ bus, other, cluster }) => {
        await bus.agents.announce({ cluster, agent: "a-1" }, toBytes("first"));
        await bus.agents.announce({ cluster, agent: "b-2" }, toBytes("other"));
        await bus.agents.announce({ cluster, agent: "a-1" }, toBytes("second"));
        expect(await list(other, cluster)).toEqual(["other", "second"]);
      }));

    test("a cluster is nobody's until somebody announces himself, and other clusters' agents are not its own", () =>
      play({ ownClusters: true }, async ({ bus, cluster, otherCluster }) => {
        await bus.agents.announce({ cluster: otherCluster, agent: "a-1" }, toBytes("elsewhere"));
        expect(await list(bus, cluster)).toEqual([]);
        expect(await list(bus, otherCluster)).toEqual(["elsewhere"]);
      }));

    test("an announcement that is too large is refused, with limit and size", () =>
      play({ ownClusters: true }, async ({ bus, cluster }) => {
        const largest = "x".repeat(limits.announcementBytes);
        await bus.agents.announce({ cluster, agent: "a-1" }, toBytes(largest));
        const refused = bus.agents.announce({ cluster, agent: "a-1" }, toBytes(`${largest}x`));
        await expect(refused).rejects.toThrow(MessageTooLarge);
        await expect(refused).rejects.toThrow("the message is 4097 bytes, the limit is 4096 bytes");
        expect(await list(bus, cluster)).toEqual([largest]);
      }));

    test("of too many replicas the newest count", () =>
      play({ ownClusters: true }, async ({ bus, cluster }) => {
        const names = range(limits.announcements + 2).map((i) => `a-${i}`);
        for (const agent of names) await bus.agents.announce({ cluster, agent }, toBytes(agent));
        expect(await list(bus, cluster)).toEqual(names.slice(2).sort());
      }));

    test("a name that would reach into other subjects is refused", () =>
      play({}, async ({ bus, cluster }) => {
        for (const agent of ["", "*", "a.b", ">", "A"])
          await expect(bus.agents.announce({ cluster, agent }, toBytes("x"))).rejects.toThrow(TypeError);
      }));
  });
}
