/**
 * What the agent of a cluster may do on the broker, as data. The streams are in one account, the hub; each cluster's agent
 * is in an account of its own, which imports these services from the hub and nothing else. docs/broker.md says why.
 */
import { buildConsumerName, buildStreamName } from "../../../contract/streams.ts";
import { buildLiveSubject, buildWildcard, type Channel } from "../../../contract/subjects.ts";
import { checkCluster } from "../../address.ts";

/** The hub's JetStream API, as clusters' accounts call it: `$JS.API` itself means an account's own JetStream. */
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

/** A cluster's share of a service. */
export interface Grant {
  readonly service: Service;
  /** The part of the service's subjects that is the cluster's. */
  readonly subject: string;
  /** What they are called in the cluster's account. */
  readonly localSubject: string;
}

const service = (name: string, subject: string, answers: Service["answers"] = "one"): Service => ({
  name,
  subject,
  answers,
});

const services = {
  pull: service("take requests", "$JS.API.CONSUMER.MSG.NEXT.*.*", "many"),
  consumer: service("look at one's consumer", "$JS.API.CONSUMER.INFO.*.*"),
  acknowledge: service("renew, finish and release requests", "$JS.ACK.*.*.>"),
  events: service("publish events", buildWildcard("events")),
  logs: service("publish logs", buildWildcard("logs")),
  agents: service("announce oneself", buildWildcard("agents")),
  last: service("read the last message of a subject", "$JS.API.DIRECT.GET.*.>"),
  read: service("read messages by sequence", "$JS.API.DIRECT.GET.*", "many"),
  controls: service(
    "hear what is asked of runs",
    buildLiveSubject("controls", { cluster: "*", runId: "*" }),
    "unasked",
  ),
};

/** Everything that the hub exports. It is the same whatever clusters there are. */
export const hubServices: readonly Service[] = Object.values(services);

/** What a cluster's account imports. */
export function describeGrants(cluster: string): Grant[] {
  const name = checkCluster(cluster);
  const stream = (channel: Channel) => buildStreamName(channel, name);
  const consumer = `${stream("requests")}.${buildConsumerName(name)}`;
  const api = (granted: Service, rest: string): Grant => ({
    service: granted,
    subject: `$JS.API.${rest}`,
    localSubject: `${hubApiPrefix}.${rest}`,
  });
  const same = (granted: Service, subject: string): Grant => ({ service: granted, subject, localSubject: subject });
  return [
    api(services.pull, `CONSUMER.MSG.NEXT.${consumer}`),
    api(services.consumer, `CONSUMER.INFO.${consumer}`),
    same(services.acknowledge, `$JS.ACK.${consumer}.>`),
    same(services.events, buildWildcard("events", name)),
    same(services.logs, buildWildcard("logs", name)),
    same(services.agents, buildWildcard("agents", name)),
    same(services.controls, buildLiveSubject("controls", { cluster: name, runId: "*" })),
    ...(["events", "logs", "controls"] as const).flatMap((channel) => [
      api(services.last, `DIRECT.GET.${stream(channel)}.${buildWildcard(channel, name)}`),
      api(services.read, `DIRECT.GET.${stream(channel)}`),
    ]),
  ];
}
