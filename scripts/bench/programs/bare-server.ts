/** The least that a server on Node does: reads the body, answers with JSON of a given size. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { readVariable, sayLine } from "./lines.ts";

const status = Number(readVariable("STATUS"));
const answer = JSON.stringify("x".repeat(Number(readVariable("ANSWER_BYTES")) - 2));
const headers = { "Content-Type": "application/json", "Content-Length": answer.length };

const server = createServer((request, response) => {
  const pieces: Buffer[] = [];
  request.on("data", (piece: Buffer) => pieces.push(piece));
  request.on("end", () => {
    Buffer.concat(pieces);
    response.writeHead(status, headers).end(answer);
  });
});
server.listen(0, "127.0.0.1", () => sayLine({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }));
