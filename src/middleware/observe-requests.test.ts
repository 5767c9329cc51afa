import { Hono } from "hono";
import { expect, test } from "vitest";
import { observeRequests, type AnsweredRequest } from "./observe-requests.ts";

function arrange() {
  const observed: AnsweredRequest[] = [];
  let time = 0;
  const app = new Hono();
  const observer = { requestAnswered: (request: AnsweredRequest) => void observed.push(request) };
  app.use(observeRequests(observer, () => new Date(time)));
  app.use("/inner/*", async (c, next) => (c.req.header("token") === undefined ? c.text("who?", 401) : next()));
  const inner = new Hono().get("/things/:id", (c) => {
    time += 1500;
    return c.text("here");
  });
  app.route("/inner", inner);
  app.get("/broken", () => {
    throw new Error("on purpose");
  });
  app.onError((_, c) => c.text("broken", 500));
  return { app, observed };
}

const token = { token: "x" };

test("a request is told by its route, its status and the time until its answer", async () => {
  const { app, observed } = arrange();
  await app.request("/inner/things/a-secret-name?of=somebody", { headers: token });
  expect(observed).toEqual([{ route: "/inner/things/:id", method: "GET", status: 200, seconds: 1.5 }]);
});

test("whoever calls can't make up routes or methods", async () => {
  const { app, observed } = arrange();
  await app.request("/nowhere/1");
  await app.request("/inner/nowhere/2", { headers: token });
  await app.request("/inner/things/3");
  await app.request("/broken");
  await app.request("/broken", { method: "PROPFIND-4" });
  expect(observed.map(({ route, method, status }) => [route, method, status])).toEqual([
    ["/*", "GET", 404],
    ["/inner/*", "GET", 404],
    ["/inner/*", "GET", 401],
    ["/broken", "GET", 500],
    ["/*", "other", 404],
  ]);
});

test("a clock that is set back makes no time negative", async () => {
  let time = 1000;
  const observed: AnsweredRequest[] = [];
  const app = new Hono().use(
    observeRequests({ requestAnswered: (it) => void observed.push(it) }, () => new Date(time)),
  );
  app.get("/", (c) => {
    time = 0;
    return c.text("");
  });
  await app.request("/");
  expect(observed[0]?.seconds).toBe(0);
});
