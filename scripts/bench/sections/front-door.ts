import { sendRequest } from "../../../test/support/http.ts";
import { findProgram, readText, startChild, type Child } from "../child.ts";
import { createKeyVariables } from "../keys.ts";
import { interleave } from "../interleave.ts";
import { buildRatio, type BenchOptions, type SectionReport } from "../report.ts";
import { badBody, createTokens, goodBody, type Tokens } from "../request.ts";
import { putLoad } from "../wrk.ts";

const clients = 16;
const aim = { kind: "at least", value: 0.55 } as const;

const text = `Requests a second, as a ratio: 1 would be as fast as a server that does nothing but read the body and answer. Both run on
Node with wrk's ${clients} connections. The front door is the same app, server and log as the deployed one (the log goes to /dev/null), but on the bus in memory:
it authenticates the caller, checks the body (${Buffer.byteLength(goodBody)} bytes) and compares its fingerprint with the record. The bare server
(\`node:http\`) reads the same body without looking at it, and answers with as many bytes. The request is the one that
orchestrators send most: a PUT that is repeated while its run lasts (202). The other one has a mistake in it (400). The last row is
Hono by itself, on the same server, in an app that parses that body and does nothing with it: what we build on, without what we built.`;

/** The front door against a bare server of the same runtime. */
export async function measureFrontDoor({ quick, say }: BenchOptions): Promise<SectionReport> {
  const tokens = await createTokens();
  const frontDoor = startChild({
    args: [findProgram("front-door")],
    env: { ...tokens.variables, ...(await createKeyVariables()) },
  });
  const children = [frontDoor];
  try {
    const url = `${readText(await frontDoor.next(), "url")}/drivers/container/resource`;
    const accepted = await sendOnce(url, { body: goodBody, tokens });
    await frontDoor.next();
    const refused = await sendOnce(url, { body: badBody, tokens });
    const bares = [
      startBare("bare-server", accepted),
      startBare("bare-server", refused),
      startBare("bare-app", accepted),
    ];
    children.push(...bares);
    const [bareAccepted = "", bareRefused = "", bareApp = ""] = await Promise.all(
      bares.map(async (bare) => `${readText(await bare.next(), "url")}/resource`),
    );

    say("front door: wrk, each variant in turn");
    const seconds = quick ? 1 : 2;
    const put = (to: string, { body, token, status }: { body: string; token: string; status: number }) =>
      putLoad({ url: to, clients, seconds, headers: { Authorization: token }, body, status });
    const good = { body: goodBody, token: tokens.fixed, status: 202 };
    const bad = { body: badBody, token: tokens.fixed, status: 400 };
    const variants = {
      bare: () => put(bareAccepted, good),
      token: () => put(url, good),
      jwt: () => put(url, { ...good, token: tokens.jwt }),
      bareRefused: () => put(bareRefused, bad),
      refused: () => put(url, bad),
      app: () => put(bareApp, good),
    };
    // Once for nothing: compilers warm up.
    for (const variant of Object.values(variants)) await variant();
    const rates = Object.fromEntries(
      Object.entries(variants).map(([name, run]) => [name, async () => (await run()).requestsPerSecond]),
    ) as Record<keyof typeof variants, () => Promise<number>>;
    const figures = await interleave(quick ? 2 : 5, rates);
    const ratio = (name: string, ours: readonly number[], floor: readonly number[]) =>
      buildRatio(name, [ours, floor], { unit: "requests/s", aim });
    return {
      title: "Front door: authentication and validation",
      text,
      rows: [
        ratio("Node, repeated PUT, token by its hash", figures.token, figures.bare),
        ratio("Node, repeated PUT, RS256 JWT", figures.jwt, figures.bare),
        ratio("Node, PUT refused by validation, token by its hash", figures.refused, figures.bareRefused),
        buildRatio("Hono by itself, the body parsed", [figures.app, figures.bare], { unit: "requests/s" }),
      ],
    };
  } finally {
    await Promise.all(children.map((child) => child.stop()));
  }
}

interface Sample {
  readonly status: number;
  readonly bytes: number;
}

async function sendOnce(url: string, { body, tokens }: { body: string; tokens: Tokens }): Promise<Sample> {
  const headers = { Authorization: tokens.fixed, "Content-Type": "application/json" };
  const { status, text } = await sendRequest(url, { method: "PUT", path: new URL(url).pathname, headers, body });
  return { status, bytes: Buffer.byteLength(text) };
}

function startBare(program: "bare-server" | "bare-app", { status, bytes }: Sample): Child {
  const env = { STATUS: String(status), ANSWER_BYTES: String(bytes) };
  return startChild({ args: [findProgram(program)], env });
}
