/** The other end of `child.ts`: what a program of the bench says and is asked. */
import { createInterface } from "node:readline";
import { isJsonObject, parseJson, stringifyJson, type JsonObject } from "../../../src/contract/json.ts";

export function sayLine(message: JsonObject): void {
  process.stdout.write(`${stringifyJson(message)}\n`);
}

/** Answers each question with a line, one after the other, until there are no more. */
export async function answerQuestions(answer: (question: JsonObject) => Promise<JsonObject>): Promise<void> {
  for await (const line of createInterface({ input: process.stdin })) {
    const question = parseJson(line);
    if (!question.ok || !isJsonObject(question.value)) throw new Error(`Cannot read a question: ${line}`);
    sayLine(await answer(question.value));
  }
}

/** A variable that must be there. */
export function readVariable(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`Cannot start: ${name} is missing`);
  return value;
}
