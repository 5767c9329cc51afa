import type { NatsConnection } from "@nats-io/nats-core";
import type { Bucket } from "../../contract/streams.ts";
import type { Bus } from "../port.ts";
import { createNatsAgents } from "./agents.ts";
import { createNatsHistory } from "./history.ts";
import { createNatsJournal } from "./journal.ts";
import { createLink } from "./link.ts";
import { createFeeds } from "./live-feed.ts";
import { createNatsRecords } from "./records.ts";
import { createNatsRequests } from "./requests.ts";
import { checkServer } from "./server-version.ts";

export interface NatsBusOptions {
  /** Opened by whoever knows the runtime's transport; best with unlimited reconnects, about 250 ms apart. */
  readonly connection: NatsConnection;
  /** Closes the connection together with the bus. Default: it stays as it is. */
  readonly ownsConnection?: boolean;
  /** How long any one operation may take, milliseconds. Default 1,000. */
  readonly timeoutMilliseconds?: number;
  /** JetStream's API in our account; default `$JS.API`. */
  readonly apiPrefix?: string;
  /** Which bucket `records` are; default: the resources'. */
  readonly bucket?: Bucket;
  /** Where answers come to; the connection's own `inboxPrefix`, if it has one. Default `_INBOX`. */
  readonly inboxPrefix?: string;
  /** Told of what goes wrong while nobody waits for an answer, such as a consumer that isn't there. */
  readonly report?: (sentence: string, cause: unknown) => void;
}

/**
 * The bus over NATS JetStream, 2.9 or newer. Streams, consumers and buckets must be there (`npm run provision`).
 * Throws where the server is too old.
 *
 * @example
 * const connection = await connect({ servers: "nats://127.0.0.1:4222", maxReconnectAttempts: -1, reconnectTimeWait: 250 });
 * const bus = createNatsBus({ connection, ownsConnection: true });
 */
export function createNatsBus(options: NatsBusOptions): Bus {
  const { connection, ownsConnection = false } = options;
  checkServer(connection);
  const link = createLink({
    connection,
    timeoutMilliseconds: options.timeoutMilliseconds ?? 1_000,
    apiPrefix: options.apiPrefix ?? "$JS.API",
    inboxPrefix: options.inboxPrefix ?? "_INBOX",
    report: options.report ?? (() => undefined),
  });
  const feeds = createFeeds(link);
  return {
    records: createNatsRecords(link, options.bucket ?? "resources"),
    requests: createNatsRequests(link),
    events: { ...createNatsJournal(link, "events", feeds), ...createNatsHistory(link, feeds) },
    logs: createNatsJournal(link, "logs", feeds),
    controls: createNatsJournal(link, "controls", feeds),
    agents: createNatsAgents(link),
    async close() {
      link.close();
      if (ownsConnection) await connection.close();
    },
  };
}
