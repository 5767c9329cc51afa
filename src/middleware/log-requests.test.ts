import { Hono } from "hono";
import { requestId, type RequestIdVariables } from "hono/request-id";
import { expect, test } from "vitest";
import { createConsoleLogger } from "../log.ts";
import { logRequests } from "./log-requests.ts";

function createLoggedApp() {
  const lines: string[] = [];
  let time = 0;
  const now = () => new Date(time);
  const logger = createConsoleLogger({ write: (line) => lines.push(line), now, level: "debug" });
  const app = new Hono<{ Variables: RequestIdVariables }>();
  app.use(requestId({ generator: () => "r1" }));
  app.use(logRequests(logger, now));
  app.get("/slow", (c) => {
    time += 42;
    c.header("Container-Driver-Run", "run-1");
    return c.text("done");
  });
  app.get("/broken", () => {
    throw new Error("canary");
  });
  app.onError((_, c) => c.text("sorry", 500));
  return { app, read: () => lines.map((line) => JSON.parse(line) as object) };
}

test("a line says what was asked, what was answered, about which run, and how long it took", async () => {
  const { app, read } = createLoggedApp();
  await app.request("/slow?canary=1", { headers: { Authorization: "canary" } });
  expect(read()).toEqual([
    {
      level: "info",
      time: "1970-01-01T00:00:00.042Z",
      component: "http",
      requestId: "r1",
      method: "GET",
      path: "/slow",
      status: 200,
      runId: "run-1",
      milliseconds: 42,
      msg: "Answered a request",
    },
  ]);
});

test("what fails and what is not there have their line, too", async () => {
  const { app, read } = createLoggedApp();
  await app.request("/broken");
  await app.request("/nothing", { method: "DELETE" });
  expect(read()).toMatchObject([
    { path: "/broken", status: 500 },
    { method: "DELETE", path: "/nothing", status: 404 },
  ]);
});
