/** The part of the OpenAPI document that is for teams: runs, events, logs, clusters. */
import type { JsonObject, JsonValue } from "../contract/json.ts";
import { ClusterName, DriverName, GUResID, RunId } from "../contract/names.ts";
import { CancelAnswer } from "../contract/runs-api/cancel-answer.ts";
import { ClusterList } from "../contract/runs-api/cluster-list.ts";
import { LogLine } from "../contract/runs-api/log-line.ts";
import { RunDetails } from "../contract/runs-api/run-details.ts";
import { runListLimits, RunList, RunStatus } from "../contract/runs-api/run-summary.ts";
import { SeenEvent } from "../contract/runs-api/seen-event.ts";
import { StreamEnd } from "../contract/runs-api/stream-end.ts";
import { toSchemaDocument } from "./json-schema.ts";

const schemas = { RunList, RunDetails, RunEvent: SeenEvent, LogChunk: LogLine, StreamEnd, ClusterList, CancelAnswer };

export function describeRunsSchemas(): JsonObject {
  const converted = Object.entries<Parameters<typeof toSchemaDocument>[0]>(schemas).map(([name, schema]) => [
    name,
    toSchemaDocument(schema),
  ]);
  return Object.fromEntries(converted) as JsonObject;
}

export function describeRunsPaths(): JsonObject {
  const id: JsonObject = { name: "id", in: "path", required: true, schema: toSchemaDocument(RunId) };
  return {
    "/runs": { get: describeList() },
    "/runs/{id}": {
      parameters: [id],
      get: {
        summary: "One run: its phases with their times, why it failed, names of what came out",
        responses: { 200: json("RunDetails", "The run"), ...failures, 404: unknownRun },
      },
    },
    "/runs/{id}/events": { parameters: [id], get: describeRunEvents() },
    "/runs/{id}/logs": { parameters: [id], get: describeLogs() },
    "/runs/{id}/cancel": { parameters: [id], post: describeCancel() },
    "/events": { get: describeEvents() },
    "/clusters": {
      get: {
        summary: "Clusters, and the agents that are there",
        responses: { 200: json("ClusterList", "The clusters that the token is for"), ...failures },
      },
    },
  };
}

function describeList(): JsonObject {
  const { default: usual, most } = runListLimits;
  return {
    summary: "Runs, newest first",
    description: "A page may hold few runs, or none, and have a `next` one: only so much is looked through for each.",
    parameters: [
      query("cluster", "Only runs of this cluster", toSchemaDocument(ClusterName)),
      query("driver", "Only runs of this driver", toSchemaDocument(DriverName)),
      query("guresid", "Only runs for this resource", toSchemaDocument(GUResID)),
      query("status", "Only runs with this status", toSchemaDocument(RunStatus)),
      query("since", "Only runs that were requested at this time or later", { type: "string", format: "date-time" }),
      query("limit", `Runs in a page; ${usual} if left out`, { type: "integer", minimum: 1, maximum: most }),
      query("cursor", "`next` of the page before"),
    ],
    responses: { 200: json("RunList", "A page of runs"), ...failures, 400: error("The query can't be read") },
  };
}

function describeRunEvents(): JsonObject {
  return {
    summary: "A run's events (CloudEvents 1.0)",
    description: streaming,
    parameters: [follow, query("after", "Only what is behind this cursor"), lastEventId],
    responses: { 200: stream("RunEvent", "Events, oldest first"), 204: nothingMore, ...failures, ...refusals },
  };
}

function describeLogs(): JsonObject {
  const answer = stream("LogChunk", "Chunks of the log, oldest first");
  const content = { ...(answer["content"] as JsonObject), "text/plain": { schema: { type: "string" } } };
  return {
    summary: "A run's log",
    description: `${streaming} A log ends with its \`end\` chunk.`,
    parameters: [
      follow,
      query("after", "Only what is behind this cursor"),
      query("tail", "Only the last lines, and what comes", { type: "integer", minimum: 0 }),
      query("format", "`text`: plain text, for a download", { enum: ["text", "json"] }),
      lastEventId,
    ],
    responses: { 200: { ...answer, content }, 204: nothingMore, ...failures, ...refusals },
  };
}

function describeCancel(): JsonObject {
  return {
    summary: "Stop a run",
    description:
      "The run gets SIGTERM, and time to end. It is done when the run has ended: with status cancelled, or succeeded where it had done its work all the same.",
    responses: {
      202: json("CancelAnswer", "The stop was asked for"),
      ...failures,
      404: unknownRun,
      409: error("The run has ended"),
    },
  };
}

function describeEvents(): JsonObject {
  return {
    summary: "Events of all runs that the token is for",
    description: `${streaming} In order for each cluster. Without \`since\` and \`after\` it begins now.`,
    parameters: [
      follow,
      query("since", "What was stored at this time or later", { type: "string", format: "date-time" }),
      query("after", "Only what is behind this cursor"),
      lastEventId,
    ],
    responses: { 200: stream("RunEvent", "Events"), ...failures, 400: error("The query can't be read") },
  };
}

const streaming =
  "JSON lines, which end with what there is unless `follow=true`; or server-sent events (`Accept: text/event-stream`), which go on, have a comment every 15 s, and end with `event: end`.";

const follow = query("follow", "Whether to wait for what comes; for server-sent events true if left out", {
  type: "boolean",
});

const lastEventId: JsonObject = {
  name: "Last-Event-ID",
  in: "header",
  description: "Where a client that connects again was: counts before `after` and `tail`",
  schema: { type: "string" },
};

const failures: JsonObject = {
  401: error("No valid bearer token"),
  403: error("The token has not the right to this"),
  500: error("Our mistake; our log has it under the header X-Request-Id"),
  503: error("The broker, or the keys that tokens are checked with, can't be reached: try again"),
};

const unknownRun = error("No such run, or none that the token is for, or nothing is kept of it any more");

const refusals: JsonObject = { 400: error("The query can't be read"), 404: unknownRun };

const nothingMore: JsonObject = { description: "A client that connects again has seen everything" };

function json(schema: string, description: string): JsonObject {
  return { description, content: { "application/json": { schema: refer(schema) } } };
}

function error(description: string): JsonObject {
  return json("Error", description);
}

/** OpenAPI 3.1 has no word for a stream: the schema is that of one line, or of one event's data. */
function stream(schema: string, description: string): JsonObject {
  const content = { "application/x-ndjson": { schema: refer(schema) }, "text/event-stream": { schema: refer(schema) } };
  return { description: `${description}; the schema is that of one of them`, content };
}

function refer(schema: string): JsonObject {
  return { $ref: `#/components/schemas/${schema}` };
}

function query(name: string, description: string, schema: JsonValue = { type: "string" }): JsonObject {
  return { name, in: "query", description, schema };
}
