/** The least that an app on our framework does: reads the body as JSON, and answers with JSON of a given size. */
import { Hono } from "hono";
import { serveApp } from "../../../adapters/node/serve.ts";
import { readVariable, sayLine } from "./lines.ts";

const status = Number(readVariable("STATUS"));
const answer = "x".repeat(Number(readVariable("ANSWER_BYTES")) - 2);

const app = new Hono().put("/:resource", async (c) => {
  await c.req.json();
  return new Response(JSON.stringify(answer), { status, headers: { "Content-Type": "application/json" } });
});
const { url } = await serveApp(app, { host: "127.0.0.1", port: 0 });
sayLine({ url });
