/**
 * Follows the events of a cluster's runs on NATS: first those that are kept, then each one as it happens; in order, none lost,
 * none twice. It needs `npm install @nats-io/transport-node`, and Node 22.18 or newer.
 *
 *     NATS_URL=wss://nats.example.com NATS_CREDENTIALS=nats.creds node follow-events.ts <cluster> [sequence]
 *
 * It prints a line an event, `{"sequence": 7, "event": {…}}`. Started with the sequence of the last line, it goes on behind it.
 */
import { readFile } from "node:fs/promises";
import { connect, credsAuthenticator, errors, MsgHdrsImpl, wsconnect, type Msg } from "@nats-io/transport-node";

const [cluster = "local", behind = "0"] = process.argv.slice(2);
const url = process.env["NATS_URL"] ?? "nats://127.0.0.1:4222";
const authenticator = credsAuthenticator(await readFile(process.env["NATS_CREDENTIALS"] ?? "nats.creds"));
const open = url.startsWith("ws") ? wsconnect : connect;
const connection = await open({ servers: url, authenticator, maxReconnectAttempts: -1, reconnectTimeWait: 250 });

// Headers are whoever's who publishes, and over one that is none the client ends its reading. Of interest is what the server
// adds; that stands last. What has a sequence is an event, whatever status its publisher gave it.
const decode = MsgHdrsImpl.decode.bind(MsgHdrsImpl);
MsgHdrsImpl.decode = (bytes) => {
  const [status = "", ...lines] = new TextDecoder().decode(bytes).split("\r\n");
  const added = lines.filter((line) => /^Nats-[A-Za-z-]+:[^\r\n]*$/.test(line)).slice(-20);
  const first = added.some((line) => line.startsWith("Nats-Sequence:")) ? "NATS/1.0" : status;
  return decode(new TextEncoder().encode([first, ...added].join("\r\n")));
};

// A live message is only a bell: it says that there is something new. What it is, the stream says, where nothing gets lost.
let newest = 0;
let ring = (): void => undefined;
connection.subscribe(`cd.v1.live.events.${cluster}.*`, {
  callback: (error, message) => {
    if (error !== null) return console.error(`Cannot hear events as they happen: ${error.message}`);
    newest = Math.max(newest, Number(message.headers?.last("Nats-Sequence")));
    ring();
  },
});

let sequence = Number(behind);
for (;;) {
  const before = newest;
  const message = await readNext(sequence + 1);
  if (message?.headers?.code === 0) {
    sequence = Number(message.headers.last("Nats-Sequence"));
    const event = parse(message.string());
    // Here goes your own work. Once it is done, keep the sequence with it: that is where to go on.
    if (event !== undefined) process.stdout.write(`${JSON.stringify({ sequence, event })}\n`);
  } else if (newest === before) {
    // Nothing new. The bell may get lost while the connection is; so look from time to time without it.
    await waitForBell(newest > sequence ? 100 : 5000);
  }
}

/** The first event at or behind a sequence: with the code 404 where there is none yet, undefined where nobody answers. */
async function readNext(from: number): Promise<Msg | undefined> {
  const what = JSON.stringify({ seq: from, next_by_subj: ">" });
  try {
    return await connection.request(`HUB.API.DIRECT.GET.events-${cluster}`, what, { timeout: 5000 });
  } catch (error) {
    // Credentials that aren't for this cluster, or that were revoked: trying again won't help.
    const reason = error instanceof errors.RequestError ? error.cause : error;
    if (reason instanceof errors.PermissionViolationError || connection.isClosed()) throw error;
    console.error(`Cannot read events: ${String(error)}; trying again`);
    return undefined;
  }
}

/** Undefined: it is no event, but what somebody else with the agent's credentials has published. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Resolves at the bell, or after so many milliseconds. */
async function waitForBell(milliseconds: number): Promise<void> {
  const bell = Promise.withResolvers<void>();
  ring = bell.resolve;
  const timer = setTimeout(bell.resolve, milliseconds);
  await bell.promise;
  clearTimeout(timer);
}
