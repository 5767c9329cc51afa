import { headers, MsgHdrsImpl } from "@nats-io/nats-core";
import { expect, test } from "vitest";
import { decodeHeaders } from "./headers.ts";

const decodeAsClient = MsgHdrsImpl.decode.bind(MsgHdrsImpl);
const encode = (text: string) => new TextEncoder().encode(text);
const show = ({ code, description, ...rest }: MsgHdrsImpl) => ({ code, description, fields: [...rest.headers] });
const decode = (text: string) => show(decodeHeaders(encode(text)));

test.each([
  "NATS/1.0\r\n\r\n",
  "NATS/1.0 503\r\n\r\n",
  "NATS/1.0 404 Message Not Found\r\n\r\n",
  "NATS/1.0 100 Idle Heartbeat\r\nNats-Last-Consumer: 7\r\nNats-Last-Stream: 9\r\n\r\n",
  "NATS/1.0 204 EOB\r\nNats-Num-Pending: 0\r\nNats-Last-Sequence: 2\r\n\r\n",
  "NATS/1.0\r\nCd-Id: a:b\r\ncd-id:c \r\nCd-Id: d\r\nEmpty:\r\nNats-Subject: cd.v1.events.prod.x\r\nNats-Sequence: 12\r\n\r\n",
])("what a server sends is read as the client reads it: %j", (text) => {
  expect(decode(text)).toEqual(show(decodeAsClient(encode(text))));
});

test("what the client itself encodes is read", () => {
  const all = headers();
  all.append("Cd-Id", "01-ä🦊");
  all.append("Nats-TTL", "86400");
  expect(show(decodeHeaders((all as MsgHdrsImpl).encode()))).toEqual(show(all as MsgHdrsImpl));
});

test("lines that are no headers are left out, which the client can't bear", () => {
  const text = "NATS/1.0\r\nBad Key: v\r\nä: v\r\n: v\r\nno colon\r\nA: b\r\n\r\n\r\nC: d";
  expect(() => decodeAsClient(encode(text))).toThrow("not a valid character");
  expect(decode(text).fields).toEqual([
    ["A", ["b"]],
    ["C", ["d"]],
  ]);
});

test.each(["", "x", "\r\n\r\n", "NATS/1.0", "NATS/1.0 x\r\n", "NATS/1.0 99999999999\r\n\r\n", "\0\0\r\n\ufffd: \n\r"])(
  "whatever comes is read without an error, and is no status: %j",
  (text) => {
    expect(decode(text)).toMatchObject({ code: 0, description: "" });
    expect(show(decodeHeaders(encode(text).subarray(1)))).toMatchObject({ code: 0 });
  },
);

test.each(["503", "404 Message Not Found", "204 EOB", "100 Idle Heartbeat"])(
  "what a stream has stored has no status, whatever its publisher wrote: %s",
  (status) => {
    const read = decodeHeaders(encode(`NATS/1.0 ${status}\r\nNats-Sequence: 1\r\nNats-Sequence: 7\r\n\r\n`));
    expect([read.code, read.description, read.last("Nats-Sequence")]).toEqual([0, "", "7"]);
  },
);

test("of any number of headers few are read, and none that the server adds is hidden", () => {
  const server = "Nats-Stream: events-prod\r\nNats-Subject: cd.v1.events.prod.x\r\nNats-Sequence: 12\r\n\r\n";
  const many = Array.from({ length: 150_000 }, (_, i) => `${i.toString(36)}:\r\n`).join("");
  const long = `${"a".repeat(1024 * 1024)}: b\r\n`;
  for (const text of [many, long]) {
    const read = decodeHeaders(encode(`NATS/1.0\r\n${text}${server}`));
    expect(read.last("Nats-Sequence")).toBe("12");
    expect(read.last("Nats-Subject")).toBe("cd.v1.events.prod.x");
    expect(read.keys().length).toBeLessThan(3000);
  }
});
