import { describe, expect, test } from "vitest";
import { append, createAddress, followTexts, range, readTexts, toText, type Play } from "./stage.ts";

/** Controls are a journal of which only each run's last entry is sure to be kept. */
export function describeControls(play: Play): void {
  describe("controls", () => {
    test("of a run of which nothing was asked there are none", () =>
      play({}, async ({ bus, cluster }) => {
        expect(await bus.controls.last(createAddress(cluster))).toBeUndefined();
      }));

    test("the last one is found by whoever comes later, and is that run's alone", () =>
      play({}, async ({ bus, other, cluster, otherCluster }) => {
        const run = createAddress(cluster);
        const first = await append(bus.controls, run, { text: "first", after: 0 });
        await append(bus.controls, run, { text: "second", after: first });
        const last = await other.controls.last(run);
        expect(last && toText(last.data)).toBe("second");
        expect((await readTexts(follow(other, run, first), 1))[0]).toBe("second");
        expect(await other.controls.last({ ...run, cluster: otherCluster })).toBeUndefined();
        expect(await other.controls.last(createAddress(cluster))).toBeUndefined();
      }));

    test("who listens hears it at once", () =>
      play({}, async ({ bus, other, cluster }) => {
        const run = createAddress(cluster);
        const heard = followTexts(other.controls, run, { count: 1 });
        // What is asked of other runs meanwhile isn't heard.
        for (const i of range(3)) await append(bus.controls, createAddress(cluster), { text: `${i}`, after: 0 });
        await append(bus.controls, run, { text: "stop", after: 0 });
        expect(await heard).toEqual(["stop"]);
      }));

    test("of two who ask at once one is refused, and can ask again", () =>
      play({}, async ({ bus, other, cluster }) => {
        const run = createAddress(cluster);
        const ask = (by: typeof bus, id: string, after: number) =>
          by.controls.append(run, new TextEncoder().encode(id), { id, after });
        const asked = await Promise.all([ask(bus, "one", 0), ask(other, "two", 0)]);
        expect(asked.map(({ kind }) => kind).sort()).toEqual(["appended", "conflict"]);
        const last = await bus.controls.last(run);
        expect((await ask(other, "three", last?.sequence ?? 0)).kind).toBe("appended");
      }));
  });
}

function follow(bus: Parameters<Parameters<Play>[1]>[0]["bus"], run: ReturnType<typeof createAddress>, after: number) {
  return bus.controls.follow(run, { after, signal: AbortSignal.timeout(20_000) });
}
