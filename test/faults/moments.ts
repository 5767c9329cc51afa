/** Moments in an agent's life, known by what it says to the broker: a test kills or pauses it there. */
import { eventTypes, type EventKind } from "../../src/contract/events.ts";
import type { NatsMessage } from "./proxy/nats-protocol.ts";
import type { NatsProxy, Trap } from "./proxy/nats-proxy.ts";

export type Said = (message: NatsMessage) => boolean;

export const isEvent =
  (kind: EventKind): Said =>
  ({ subject, payload }) =>
    subject.startsWith("cd.v1.events.") && payload.includes(`"type":"${eventTypes[kind]}"`);
export const isAnyEvent: Said = ({ subject }) => subject.startsWith("cd.v1.events.");
export const isLogChunk: Said = ({ subject }) => subject.startsWith("cd.v1.logs.");
export const isRequest: Said = ({ subject }) => subject.startsWith("cd.v1.requests.");
export const isPull: Said = ({ subject }) => subject.includes(".CONSUMER.MSG.NEXT.");
const isAcknowledgement =
  (word: string): Said =>
  ({ subject, payload }) =>
    subject.startsWith("$JS.ACK.") && payload === word;
export const isFinish: Said = isAcknowledgement("+ACK");
export const isRenewal: Said = isAcknowledgement("+WPI");

/** Holds what a program says, before the broker has it. */
export function holdBefore(proxy: NatsProxy, said: Said): Trap {
  return proxy.hold({ direction: "to broker", matches: said });
}

/** Holds the broker's answer to what a program has said: it is done, and the program doesn't know. */
export function holdAnswer(proxy: NatsProxy, said: Said): Trap {
  const isAnswer = watchForAnswer(proxy, said);
  return proxy.hold({ direction: "from broker", matches: isAnswer });
}

/** Tells the answers to what is said from now on from all other messages. `most`: how many of them. */
export function watchForAnswer(proxy: NatsProxy, said: Said, most = 1): Said {
  const replies = new Set<string>();
  let left = most;
  proxy.watch("to broker", (message) => {
    if (left === 0 || message.reply === "" || !said(message)) return;
    left--;
    replies.add(message.reply);
  });
  return ({ subject }) => replies.has(subject);
}
