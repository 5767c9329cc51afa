/**
 * What the agent of a cluster, and what a team, may do on the broker, as data. The streams are in one account, the hub; each
 * cluster's agent and each team is in an account of its own, which imports these services from the hub and nothing else.
 * docs/broker.md says why.
 */
import {
  buildBucketStream,
  buildConsumerName,
  buildRecordSubject,
  buildStreamName,
} from "../../../contract/streams.ts";
import { buildLiveSubject, buildWildcard, type Channel } from "../../../contract/subjects.ts";
import { checkCluster } from "../../address.ts";

/** The hub's JetStream API, as other accounts call it: `$JS.API` itself means an account's own JetStream. */
export const hubApiPrefix = "HUB.API";

/** Where answers come to. */
export const inboxes = "_INBOX.>";

/** One service of the hub: something to be asked, or (`unasked`) something to be heard. */
export interface Service {
  readonly name: string;
  /** Its subjects in the hub, for all clusters. An account imports it only with a token that the hub has signed for it. */
  readonly subject: string;
  /** How many answers one request has; `unasked`: it is listened to. */
  readonly answers: "one" | "many" | "unasked";
}

/** An account's share of a service. */
export interface Grant {
  readonly service: Service;
  /** The part of the service's subjects that it may use. */
  readonly subject: string;
  /** What they are called in its own account. */
  readonly localSubject: string;
}

const service = (name: string, subject: string, answers: Service["answers"] = "one"): Service => ({
  name,
  subject,
  answers,
});

const everyRun = { cluster: "*", runId: "*" };

const services = {
  pull: service("take requests", "$JS.API.CONSUMER.MSG.NEXT.*.*", "many"),
  consumer: service("look at one's consumer", "$JS.API.CONSUMER.INFO.*.*"),
  acknowledge: service("renew, finish and release requests", "$JS.ACK.*.*.>"),
  events: service("publish events", buildWildcard("events")),
  logs: service("publish logs", buildWildcard("logs")),
  agents: service("announce oneself", buildWildcard("agents")),
  webhooks: service("keep how far webhooks are", buildRecordSubject("webhooks", ">")),
  last: service("read the last message of a subject", "$JS.API.DIRECT.GET.*.>"),
  read: service("read messages by sequence", "$JS.API.DIRECT.GET.*", "many"),
  controls: service("hear what is asked of runs", buildLiveSubject("controls", everyRun), "unasked"),
  liveEvents: service("hear events as they happen", buildLiveSubject("events", everyRun), "unasked"),
  liveLogs: service("hear logs as they are written", buildLiveSubject("logs", everyRun), "unasked"),
};

/** Everything that the hub exports. It is the same whatever clusters there are. */
export const hubServices: readonly Service[] = Object.values(services);

/** What a cluster's account imports. */
export function describeGrants(cluster: string): Grant[] {
  const name = checkCluster(cluster);
  const consumer = `${buildStreamName("requests", name)}.${buildConsumerName(name)}`;
  return [
    grantApi(services.pull, `CONSUMER.MSG.NEXT.${consumer}`),
    grantApi(services.consumer, `CONSUMER.INFO.${consumer}`),
    grant(services.acknowledge, `$JS.ACK.${consumer}.>`),
    grant(services.events, buildWildcard("events", name)),
    grant(services.logs, buildWildcard("logs", name)),
    grant(services.agents, buildWildcard("agents", name)),
    grant(services.controls, buildLiveSubject("controls", { cluster: name, runId: "*" })),
    ...(["events", "logs", "controls"] as const).flatMap((channel) => grantReading(channel, name)),
  ];
}

/** What a team may read. */
export interface TeamAccess {
  readonly clusters: readonly string[];
  /** Logs too, not events alone. */
  readonly logs: boolean;
  /** For the program that delivers webhooks: to keep how far it is, too. */
  readonly webhooks?: boolean;
}

/** What a team's account imports: nothing that could change anything, unless it delivers webhooks, its own state. */
export function describeTeamGrants({ clusters, logs, webhooks = false }: TeamAccess): Grant[] {
  const live = { events: services.liveEvents, logs: services.liveLogs };
  const channels = logs ? (["events", "logs"] as const) : (["events"] as const);
  const reading = clusters
    .map(checkCluster)
    .flatMap((cluster) =>
      channels.flatMap((channel) => [
        grant(live[channel], buildLiveSubject(channel, { cluster, runId: "*" })),
        ...grantReading(channel, cluster),
      ]),
    );
  return webhooks ? [...reading, ...grantKeeping()] : reading;
}

/** The bucket of the program that delivers webhooks. */
function grantKeeping(): Grant[] {
  const records = buildRecordSubject("webhooks", ">");
  return [
    grant(services.webhooks, records),
    grantApi(services.last, `DIRECT.GET.${buildBucketStream("webhooks")}.${records}`),
  ];
}

/** What is stored: of a run the last message, and by sequence. Reading leaves nothing behind on the server. */
function grantReading(channel: Channel, cluster: string): Grant[] {
  const stream = buildStreamName(channel, cluster);
  return [
    grantApi(services.last, `DIRECT.GET.${stream}.${buildWildcard(channel, cluster)}`),
    grantApi(services.read, `DIRECT.GET.${stream}`),
  ];
}

function grant(granted: Service, subject: string): Grant {
  return { service: granted, subject, localSubject: subject };
}

function grantApi(granted: Service, rest: string): Grant {
  return { service: granted, subject: `$JS.API.${rest}`, localSubject: `${hubApiPrefix}.${rest}` };
}
