/** The least that JetStream does for a client: publishing with an acknowledgement, and delivery to one who waits. */
import { AckPolicy, jetstream, jetstreamManager } from "@nats-io/jetstream";
import { connectTo } from "../connect.ts";
import { readNumber, readText } from "../child.ts";
import { bareStream } from "../stage.ts";
import { computeMedian } from "../statistics.ts";
import { answerQuestions, readVariable, sayLine } from "./lines.ts";

const connection = await connectTo(readVariable("NATS_URL"));
let count = 0;

/** Each message has a subject of its own, as a run's has. Answers with how long it took, milliseconds. */
async function publish(payload: Uint8Array): Promise<number> {
  const start = performance.now();
  await connection.request(`${bareStream.subject}.${process.pid}.${count++}`, payload);
  return performance.now() - start;
}

async function publishFor(milliseconds: number, payload: Uint8Array, clients: number): Promise<number> {
  const times: number[] = [];
  const end = performance.now() + milliseconds;
  const work = async () => {
    while (performance.now() < end) times.push(await publish(payload));
  };
  await Promise.all(Array.from({ length: clients }, work));
  return computeMedian(times);
}

/** From before a message is published to when it has come to a consumer that waits for it, on another connection. */
async function createDelivery(): Promise<(payload: Uint8Array) => Promise<number>> {
  const receiving = await connectTo(readVariable("NATS_URL"));
  const subject = `${bareStream.subject}.${process.pid}-deliver`;
  const name = `deliver-${process.pid}`;
  const manager = await jetstreamManager(receiving);
  const policy = { ack_policy: AckPolicy.Explicit, deliver_policy: "new", max_ack_pending: 10_000 } as const;
  await manager.consumers.add(bareStream.name, { name, filter_subject: `${subject}.>`, ...policy });
  const consumer = await jetstream(receiving).consumers.get(bareStream.name, name);
  let arrived = () => undefined as void;
  await consumer.consume({
    max_messages: 100,
    callback(message) {
      arrived();
      message.ack();
    },
  });
  return async (payload) => {
    const start = performance.now();
    const arrival = new Promise<void>((resolve) => (arrived = resolve));
    const acknowledged = connection.request(`${subject}.${count++}`, payload);
    await arrival;
    const time = performance.now() - start;
    await acknowledged;
    return time;
  };
}

const deliver = await createDelivery();
sayLine({ ready: true });
await answerQuestions(async (question) => {
  const payload = new Uint8Array(readNumber(question, "bytes")).fill(0x78);
  switch (readText(question, "what")) {
    case "publish":
      return { milliseconds: await publish(payload) };
    case "deliver":
      return { milliseconds: await deliver(payload) };
    case "publish-for": {
      const clients = readNumber(question, "clients");
      return { milliseconds: await publishFor(readNumber(question, "milliseconds"), payload, clients) };
    }
    default:
      throw new Error("Cannot answer: unknown question");
  }
});
