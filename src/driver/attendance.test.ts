import { expect, test } from "vitest";
import { buildBody, cluster, createStage } from "../app.fixture.ts";
import { BusUnavailable } from "../bus/port.ts";
import { createMemoryBus } from "../bus/memory/memory-bus.ts";

test("a run for a cluster whose agents are all away is queued, and each 202 says so until one takes it", async () => {
  const stage = await createStage();
  const message = `cluster ${cluster} has no agent just now: the run is queued until one is there`;
  expect(await stage.put(buildBody())).toMatchObject({ status: 202, body: { status: "creating", message } });
  expect(await stage.put(buildBody())).toMatchObject({ status: 202, body: { message } });
  await stage.bus.agents.announce({ cluster, agent: "one" }, new Uint8Array());
  const answered = await stage.put(buildBody());
  expect(answered.status).toBe(202);
  expect(answered.body).not.toHaveProperty("message");
});

test("that it can't be said who is there does not turn a placed run's 202 into an error", async () => {
  const bus = createMemoryBus();
  const list = () => Promise.reject(new BusUnavailable("list agents"));
  const stage = await createStage({ bus: { ...bus, agents: { ...bus.agents, list } } });
  const answered = await stage.put(buildBody());
  expect(answered.status).toBe(202);
  expect(answered.body).not.toHaveProperty("message");
});
