/**
 * The credentials of the program that delivers webhooks read events, keep how far it is, and do nothing else: everything that
 * an agent's credentials are tried with. Twice, as for agents.
 */
import { afterAll, describe, expect, test } from "vitest";
import { mine } from "./attempts.ts";
import { listenEverywhere, send, sendEverything, toTable, type Subject } from "./matrix.ts";
import { openMatrixStage, type MatrixStage } from "./matrix-stage.ts";
import { webhooksRole as role } from "./roles.ts";

const team = "webhooks";
const stage = await openMatrixStage("newest");
await stage.broker.addTeam(team, { clusters: [mine], logs: false, webhooks: true });

afterAll(() => stage.broker.close());

const openBound = async ({ broker }: MatrixStage): Promise<Subject> => ({
  user: await broker.connectAs({ team }),
  role,
  bound: true,
});
const openUnbound = async ({ broker }: MatrixStage): Promise<Subject> => ({
  user: await broker.connectWith(await broker.createUnboundUser({ team })),
  role,
  bound: false,
});

test("its credentials allow what it needs", async () => {
  const { user } = await openBound(stage);
  const answers = await Promise.all(role.sends.map((each) => send(user, each)));
  const refused = role.sends.filter((_, i) => answers[i] === undefined || /"error"| 40\d /.test(answers[i] ?? ""));
  expect(refused.map(({ subject }) => subject)).toEqual([]);
});

describe.each([
  ["its credentials", openBound],
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
