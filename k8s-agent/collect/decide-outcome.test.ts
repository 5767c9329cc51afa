import { describe, expect, test } from "vitest";
import { limits } from "../../src/contract/limits.ts";
import { refuse, succeed } from "../../src/contract/result.ts";
import type { Run } from "../../src/contract/run.ts";
import type { Ended } from "../launch/launcher.ts";
import { decideOutcome, type Facts } from "./decide-outcome.ts";

const outputs = { values: { host: "db" }, secrets: { password: "hidden" }, manifests: [] };

function makeRun(action: "create" | "destroy", appendLogs = false): Run {
  return {
    order: {
      v: 1,
      runId: "01jd000000000000000000000a",
      cluster: "local",
      driver: "container",
      guresid: "a-database",
      type: "postgres",
      action,
      runKey: "",
      runKeyId: "",
      inputsDigest: "",
      requestedAt: "2026-11-22T00:00:00.000Z",
    },
    inputs: {
      type: "postgres",
      resource: {},
      values: { job: { image: "x" }, append_logs_to_error: appendLogs },
      secrets: {},
    },
  };
}

function makeFacts(cause: Ended["cause"], more: Partial<Facts> & { collected?: Ended["collected"] } = {}): Facts {
  const collected = "collected" in more ? more.collected : { outputs: succeed(outputs), errorText: "", errorBytes: 0 };
  return {
    run: makeRun("create"),
    ended: { kind: "ended", cause, ...(collected === undefined ? {} : { collected }) },
    stopped: undefined,
    log: { lastLine: "", tail: "" },
    ...more,
  };
}

const exited = (exitCode: number) => ({ kind: "exited", exitCode }) as const;

function messageOf(facts: Facts): string {
  const result = decideOutcome(facts);
  return result.kind === "succeeded" ? "(succeeded)" : result.failure.message;
}

describe("a container that exits 0", () => {
  test("succeeds with its outputs", () => {
    expect(decideOutcome(makeFacts(exited(0)))).toEqual({ kind: "succeeded", outputs });
  });

  test("succeeds although it has written to ERROR_FILE", () => {
    const facts = makeFacts(exited(0), {
      collected: { outputs: succeed(outputs), errorText: "warning: slow", errorBytes: 13 },
    });
    expect(decideOutcome(facts).kind).toBe("succeeded");
  });

  test("fails when its outputs can't be taken, and says why", () => {
    const facts = makeFacts(exited(0), {
      collected: { outputs: refuse("OUTPUTS_FILE is not JSON"), errorText: "", errorBytes: 0 },
    });
    expect(decideOutcome(facts)).toEqual({
      kind: "failed",
      failure: { reason: "outputs-invalid", message: "Cannot take the outputs: OUTPUTS_FILE is not JSON" },
    });
  });

  test("fails when its files were lost: no outputs are not the same as empty ones", () => {
    expect(decideOutcome(makeFacts(exited(0), { collected: undefined }))).toMatchObject({
      failure: { reason: "lost" },
    });
  });

  test("has destroyed whatever its files hold, readable or not", () => {
    const run = makeRun("destroy");
    for (const collected of [
      undefined,
      { outputs: refuse("OUTPUTS_FILE is not JSON"), errorText: "", errorBytes: 0 },
    ]) {
      const result = decideOutcome(makeFacts(exited(0), { run, collected }));
      expect(result).toEqual({ kind: "succeeded", outputs: { values: {}, secrets: {}, manifests: [] } });
    }
  });
});

describe("a container that fails", () => {
  test("is reported in its own words when it has written some", () => {
    const facts = makeFacts(exited(3), {
      collected: { outputs: succeed(outputs), errorText: "quota is used up\n", errorBytes: 17 },
    });
    expect(decideOutcome(facts)).toEqual({
      kind: "failed",
      failure: { reason: "exit-code", message: "quota is used up", evidence: { exitCode: 3 } },
    });
  });

  test("is reported by exit code and last line when it has written none", () => {
    const facts = makeFacts(exited(3), { log: { lastLine: "no route to host", tail: "a\nno route to host\n" } });
    expect(messageOf(facts)).toBe("The container exited with code 3; its last line was: no route to host");
  });

  test("that printed nothing is said to have printed nothing", () => {
    expect(messageOf(makeFacts(exited(1)))).toBe("The container exited with code 1 and printed nothing");
  });

  test("by a signal is reported with the signal", () => {
    expect(decideOutcome(makeFacts({ kind: "signalled", signal: "SIGKILL" }))).toMatchObject({
      failure: { reason: "signal", evidence: { signal: "SIGKILL" } },
    });
  });

  test("does not fail because of its outputs: the exit code is the reason", () => {
    const facts = makeFacts(exited(1), {
      collected: { outputs: refuse("OUTPUTS_FILE is not JSON"), errorText: "", errorBytes: 0 },
    });
    expect(decideOutcome(facts)).toMatchObject({ failure: { reason: "exit-code" } });
  });

  test("shows the log's tail when append_logs_to_error asks for it, and only then", () => {
    const log = { lastLine: "two", tail: "one\ntwo\n" };
    expect(messageOf(makeFacts(exited(1), { log }))).not.toContain("one");
    expect(messageOf(makeFacts(exited(1), { log, run: makeRun("create", true) }))).toContain("one\ntwo");
  });
});

describe("a run that the agent stopped", () => {
  const cancelled = { reason: "cancelled", message: "stopped by a person" } as const;

  test("after its deadline has failed, whatever main made of SIGTERM", () => {
    const stopped = { reason: "deadline", message: "stopped when its timeout of 5 seconds was over" } as const;
    for (const cause of [exited(0), exited(143), { kind: "signalled", signal: "SIGKILL" } as const]) {
      expect(decideOutcome(makeFacts(cause, { stopped }))).toMatchObject({
        kind: "failed",
        failure: { reason: "deadline" },
      });
    }
  });

  test("when main had ended before has ended as main has", () => {
    const deadline = { reason: "deadline", message: "its timeout was over" } as const;
    for (const stopped of [deadline, cancelled]) {
      for (const [cause, end] of [
        [exited(0), { kind: "succeeded", outputs }],
        [exited(3), { kind: "failed", failure: { reason: "exit-code" } }],
      ] as const) {
        const facts = makeFacts(cause, { stopped });
        expect(decideOutcome({ ...facts, ended: { ...facts.ended, stopped: false } })).toMatchObject(end);
      }
    }
  });

  test("because somebody asked is cancelled", () => {
    for (const [cause, evidence] of [
      [exited(143), { exitCode: 143 }],
      [{ kind: "signalled", signal: "SIGTERM" }, { signal: "SIGTERM" }],
      [{ kind: "setup-failed", message: "no such branch" }, {}],
    ] as const) {
      expect(decideOutcome(makeFacts(cause, { stopped: cancelled }))).toEqual({
        kind: "cancelled",
        failure: { reason: "cancelled", message: "stopped by a person", evidence },
      });
    }
  });

  test("because somebody asked, and that finished its work all the same, has succeeded", () => {
    expect(decideOutcome(makeFacts(exited(0), { stopped: cancelled }))).toEqual({ kind: "succeeded", outputs });
    const unchanged = decideOutcome(makeFacts({ kind: "unchanged" }, { stopped: cancelled }));
    expect(unchanged).toMatchObject({ kind: "succeeded", unchanged: true });
  });

  test("because somebody asked, and that exits 0 without outputs that can be read, is cancelled", () => {
    for (const collected of [undefined, { outputs: refuse("it was cut off"), errorText: "", errorBytes: 0 }]) {
      const result = decideOutcome(makeFacts(exited(0), { stopped: cancelled, collected }));
      expect(result).toMatchObject({ kind: "cancelled", failure: { evidence: { exitCode: 0 } } });
    }
  });
});

test("a branch that has not moved is a success without outputs of its own", () => {
  expect(decideOutcome(makeFacts({ kind: "unchanged" }))).toMatchObject({ kind: "succeeded", unchanged: true });
});

test("no message is over its limit, and one that was cut says by how much", () => {
  const errorText = "ä".repeat(limits.errorTextBytes);
  const log = { lastLine: "", tail: "x".repeat(limits.logTailBytes) };
  for (const run of [makeRun("create"), makeRun("create", true)]) {
    const collected = { outputs: succeed(outputs), errorText, errorBytes: 32_768 };
    const message = messageOf(makeFacts(exited(1), { run, log, collected }));
    expect(Buffer.byteLength(message)).toBeLessThanOrEqual(limits.errorTextBytes);
    expect(message).toMatch(/^\[the message is \d+ bytes, the limit is \d+ bytes: only its end is shown\]\n/);
  }
});

test("what was cut inside a secret, before it could be masked, is not shown", () => {
  const rest = "horse-battery-staple ";
  const errorText = rest + "y".repeat(limits.errorTextBytes - 1000);
  const collected = { outputs: succeed(outputs), errorText, errorBytes: 1_000_000 };
  const message = messageOf(makeFacts(exited(1), { collected }));
  expect(message).not.toContain("horse");
  expect(message).toContain("the message is 1000000 bytes");
});
