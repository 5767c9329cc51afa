import { expect, test } from "vitest";
import { createConsoleLogger, type LogLevel } from "./log.ts";

function createLog(level: LogLevel = "debug") {
  const lines: string[] = [];
  const logger = createConsoleLogger({ write: (line) => lines.push(line), now: () => new Date(0), level });
  return { logger, lines, read: () => lines.map((line) => JSON.parse(line) as Record<string, unknown>) };
}

test("a line is JSON: level, time, the fields, and a sentence that never varies", () => {
  const { logger, lines } = createLog();
  logger.warn({ runId: "r", count: 2 }, 'It "happened"\n');
  expect(lines).toEqual([
    '{"level":"warn","time":"1970-01-01T00:00:00.000Z","runId":"r","count":2,"msg":"It \\"happened\\"\\n"}',
  ]);
});

test("a child adds its fields to every line, and the nearest one counts", () => {
  const { logger, read } = createLog();
  const child = logger.child({ component: "a", runId: "r" }).child({ component: "b" });
  child.info({}, "x");
  child.info({ runId: "s" }, "x");
  logger.info({}, "x");
  expect(read()).toMatchObject([{ component: "b", runId: "r" }, { component: "b", runId: "s" }, {}]);
  expect(read()[2]).not.toHaveProperty("component");
});

test.for([
  ["debug", ["debug", "info", "warn", "error"]],
  ["warn", ["warn", "error"]],
  ["silent", []],
] as const)("from the level %s on, %j are written", ([least, written]) => {
  const { logger, read } = createLog(least);
  for (const level of ["debug", "info", "warn", "error"] as const) logger[level]({}, "x");
  expect(read().map(({ level }) => level)).toEqual(written);
});

test("an error is told by name, message and place", () => {
  const { logger, read } = createLog();
  logger.error({ err: new TypeError("no") }, "x");
  logger.error({ err: "just text" }, "x");
  expect(read()).toMatchObject([
    { err: { type: "TypeError", message: "no", stack: expect.stringContaining("log.test") } },
    { err: "just text" },
  ]);
});
