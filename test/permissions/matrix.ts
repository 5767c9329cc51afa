/** Tries everything, and finds what had an effect that it should not have had. */
import { createInbox, errors, type Msg, type NatsConnection } from "@nats-io/nats-core";
import { readBroker } from "../../scripts/broker-files.ts";
import { buildClusterAccount, generateSeed, getPublicKey } from "../../src/bus/nats/access/accounts.ts";
import { describeAttempts, listened, runIds, theirs, type Attempt, type Attempts } from "./attempts.ts";
import { compareStates } from "./broker-state.ts";
import { canary, type MatrixStage } from "./matrix-stage.ts";
import type { Role } from "./roles.ts";

/** What went wrong, as a line of a table. */
export interface Finding {
  readonly attempt: string;
  readonly subject: string;
  readonly found: string;
}

export interface Subject {
  readonly user: NatsConnection;
  readonly role: Role;
  /** Does its own account forbid it what its role doesn't need? */
  readonly bound: boolean;
}

/** Sends everything that there is to send, one kind after the other, and looks at the whole broker after each. */
export async function sendEverything(stage: MatrixStage, subject: Subject): Promise<Finding[]> {
  const { writes, usual } = subject.role;
  const inbox = createInbox();
  const listening = stage.other.subscribe(inbox);
  const findings: Finding[] = [];
  const first = await stage.readState();
  let before = first;
  for (const kind of await describeAll(stage, subject.role, inbox)) {
    if (!subject.bound && kind.name === stage.brokenVerb) continue;
    await stage.takeHeard();
    const answers = await Promise.all(kind.attempts.map((attempt) => send(subject.user, attempt)));
    const heard = await stage.takeHeard();
    const after = await stage.readState();
    findings.push(...judgeAnswers(kind, answers, subject));
    findings.push(...compareStates(before, after, writes).map((found) => ({ attempt: kind.name, subject: "", found })));
    findings.push(...judgeHeard(kind, heard, usual));
    before = after;
  }
  // What only came to pass later.
  const late = compareStates(first, await stage.readState(), writes);
  findings.push(...late.map((found) => ({ attempt: "all of them", subject: "", found })));
  if (listening.getReceived() > 0) findings.push({ attempt: "reply", subject: inbox, found: "another's inbox got it" });
  listening.unsubscribe();
  return findings;
}

async function describeAll(stage: MatrixStage, role: Role, inbox: string): Promise<Attempts[]> {
  const { hub } = await readBroker(stage.broker.directory);
  // An account as it would give its holder everything, but that this broker's operator has not signed.
  const [operator, seed] = [generateSeed("operator"), generateSeed("account")];
  return describeAttempts({
    hub: getPublicKey(hub.seed),
    server: stage.frontDoor.info?.server_id ?? "",
    forged: await buildClusterAccount(theirs, { seed, operator, revocations: {} }, hub.seed),
    inbox,
    allowed: role.sends,
  });
}

/** The answer, as text; undefined where it was refused, or there was none. */
export async function send(user: NatsConnection, attempt: Attempt): Promise<string | undefined> {
  const { subject, data, reply } = attempt;
  const more = attempt.headers === undefined ? {} : { headers: attempt.headers };
  if (reply !== undefined) {
    user.publish(subject, data, { reply, ...more });
    await user.flush();
    return undefined;
  }
  try {
    return show(await user.request(subject, data, { timeout: 400, noMux: true, ...more }));
  } catch (error) {
    const refusals = [
      errors.PermissionViolationError,
      errors.NoRespondersError,
      errors.RequestError,
      errors.TimeoutError,
    ];
    if (refusals.some((refusal) => error instanceof refusal)) return undefined;
    throw error;
  }
}

function show({ subject, headers, data }: Msg): string {
  const fields = [...(headers ?? [])].map(([name, values]) => `${name}: ${values.join()}`);
  return [subject, headers?.code ?? 0, ...fields, new TextDecoder().decode(data)].join(" ");
}

function judgeAnswers(kind: Attempts, answers: readonly (string | undefined)[], subject: Subject): Finding[] {
  const { bound, role } = subject;
  return kind.attempts.flatMap((attempt, i) => {
    const answer = answers[i];
    if (answer === undefined) return [];
    const finding = { attempt: kind.name, subject: attempt.subject };
    if (answer.includes(canary)) return [{ ...finding, found: `it was shown what isn't its own: ${answer}` }];
    if (role.allows(attempt) || (!bound && isHarmless(attempt, answer))) return [];
    return [{ ...finding, found: `it was answered: ${answer}` }];
  });
}

/** Answers about one's own account, which every NATS server gives to its users. */
function isHarmless({ subject }: Attempt, answer: string): boolean {
  if (answer.includes(theirs)) return false;
  return subject.startsWith("$SYS.REQ.") || /"error":\{"code":503/.test(answer);
}

function judgeHeard({ name }: Attempts, { hub, other }: { hub: string[]; other: string[] }, usual: RegExp): Finding[] {
  const inHub = hub.filter((subject) => !usual.test(subject));
  return [
    ...inHub.map((subject) => ({ attempt: name, subject, found: "it was published in the hub" })),
    ...other.map((subject) => ({ attempt: name, subject, found: "it was published in the other's account" })),
  ];
}

/** Listens to everything while the front door and the other cluster's agent work. */
export async function listenEverywhere(stage: MatrixStage, { user, bound }: Subject): Promise<Finding[]> {
  const findings: Finding[] = [];
  const refused = new Set<string>();
  for (const subject of listened) {
    for (const options of [{}, { queue: "q" }]) {
      const callback = (error: Error | null, message: Msg) => {
        if (error !== null) refused.add(subject);
        else if (show(message).includes(canary) || message.subject.includes(theirs))
          findings.push({ attempt: "listen", subject, found: `it heard ${message.subject}` });
      };
      user.subscribe(subject, { ...options, callback });
    }
  }
  await user.flush();
  await workForAWhile(stage);
  await user.flush();
  if (!bound) return findings;
  const open = listened.filter((subject) => !refused.has(subject) && !subject.startsWith("_INBOX."));
  return [...findings, ...open.map((subject) => ({ attempt: "listen", subject, found: "it was allowed" }))];
}

/** Until a witness in the hub has heard all of it. */
async function workForAWhile({ broker, frontDoor, other }: MatrixStage): Promise<void> {
  const witness = await broker.connectAs("provision");
  const heard = witness.subscribe("cd.v1.live.>");
  await witness.flush();
  const rounds = 20;
  const subject = `cd.v1.events.${theirs}.${runIds.leased}`;
  for (let i = 0; i < rounds; i++) {
    await frontDoor.request(subject, canary);
    await frontDoor.request(`$JS.API.DIRECT.GET.events-${theirs}.${subject}`);
    await frontDoor.request(`cd.v1.controls.${theirs}.${runIds.leased}`, canary);
    await other.request(`cd.v1.logs.${theirs}.${runIds.leased}`, canary);
    await other.request(`HUB.API.DIRECT.GET.events-${theirs}.${subject}`);
    await other.request(`cd.v1.agents.${theirs}.replica`, canary);
  }
  while (heard.getReceived() < 3 * rounds) await witness.flush();
  await witness.close();
}

export function toTable(findings: readonly Finding[]): string {
  const rows = findings.map(({ attempt, subject, found }) => `| ${attempt} | ${subject} | ${found.slice(0, 300)} |`);
  return ["", "| attempt | subject | found |", "| --- | --- | --- |", ...rows, ""].join("\n");
}
