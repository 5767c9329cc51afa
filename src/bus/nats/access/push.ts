/** Tells a running broker about accounts, over a connection of a user of its system account. Takes effect at once. */
import type { NatsConnection } from "@nats-io/nats-core";
import * as v from "valibot";
import { decodeMessage } from "../../../contract/decode.ts";
import { isSameClaim } from "./same-claim.ts";

const timeout = 2000;

const Answer = v.object({
  data: v.optional(v.object({ code: v.number(), message: v.optional(v.string(), "") })),
  error: v.optional(v.object({ code: v.number(), description: v.optional(v.string(), "") })),
});

/** Makes sure that the broker has the account as the JWT says. */
export async function pushAccount(
  system: NatsConnection,
  account: string,
  jwt: string,
): Promise<"created" | "updated" | "unchanged"> {
  const known = await lookUpAccount(system, account);
  if (known !== undefined && isSameClaim(known, jwt)) return "unchanged";
  await order(system, "$SYS.REQ.CLAIMS.UPDATE", jwt);
  return known === undefined ? "created" : "updated";
}

/** Makes the broker forget an account: its connections end, and its credentials are void. */
export async function deleteAccount(system: NatsConnection, deletion: string): Promise<void> {
  await order(system, "$SYS.REQ.CLAIMS.DELETE", deletion);
}

const List = v.object({ data: v.array(v.string()) });

/** The account's JWT as the broker has it; undefined where it doesn't know the account. */
async function lookUpAccount(system: NatsConnection, account: string): Promise<string | undefined> {
  // nats-server 2.9 doesn't answer a look-up of an account that it doesn't know.
  const message = await system.request("$SYS.REQ.CLAIMS.LIST", "", { timeout });
  const list = decodeMessage(List, message.data);
  if (!list.ok) throw new Error(`Cannot list the broker's accounts: its answer is ${list.problem}`);
  if (!list.value.data.includes(account)) return undefined;
  const answer = await system.request(`$SYS.REQ.ACCOUNT.${account}.CLAIMS.LOOKUP`, "", { timeout });
  return answer.string();
}

async function order(system: NatsConnection, subject: string, jwt: string): Promise<void> {
  const message = await system.request(subject, jwt, { timeout });
  const answer = decodeMessage(Answer, message.data);
  if (!answer.ok) throw new Error(`Cannot change an account: the broker's answer is ${answer.problem}`);
  const { data, error } = answer.value;
  if (data?.code === 200) return;
  throw new Error(`Cannot change an account: ${error?.description ?? data?.message ?? "the broker refuses it"}`);
}
