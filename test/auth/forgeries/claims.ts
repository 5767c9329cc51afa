/** Tokens that a configured key has signed, but that don't hold: not now, not here, not for this organization. */
import { buildToken, type Part } from "../sign.ts";
import { orchestratorHeader } from "../valid-tokens.ts";
import { toForgeries, type Forgery, type Named, type Workshop } from "./forgery.ts";

export async function buildClaimForgeries(workshop: Workshop): Promise<Forgery[]> {
  const { identities, claims } = workshop;
  const header = { alg: "RS256", kid: "rsa-1" };
  const without = (name: string) => Object.fromEntries(Object.entries(claims).filter(([key]) => key !== name));
  const changes = listChanges(workshop);
  return toForgeries("claim", [
    ...changes.map(
      ([name, value]) =>
        [
          `${name} ${JSON.stringify(value)}`,
          buildToken(header, { ...claims, [name]: value }, identities.rsa.sign),
        ] as const,
    ),
    ["no iss", buildToken(header, without("iss"), identities.rsa.sign)],
    ["no aud", buildToken(header, without("aud"), identities.rsa.sign)],
    ["nothing", buildToken(header, {}, identities.rsa.sign)],
    ["exp too big for a number", buildToken(header, replaceExp(claims, "-1e400"), identities.rsa.sign)],
    ["exp without end", buildToken(header, replaceExp(claims, "1e400"), identities.rsa.sign)],
  ]);
}

function listChanges({ claims: { iss, aud }, seconds }: Workshop): [string, unknown][] {
  return [
    ...[
      seconds - 31,
      seconds - 86_400,
      0,
      -1,
      -seconds,
      String(seconds + 600),
      "",
      null,
      true,
      [seconds + 600],
      {},
    ].map((exp): [string, unknown] => ["exp", exp]),
    ...[seconds + 60, seconds + 86_400, String(seconds - 60), null, false, [0]].map((nbf): [string, unknown] => [
      "nbf",
      nbf,
    ]),
    ...[seconds + 60, seconds * 1000, String(seconds), null].map((iat): [string, unknown] => ["iat", iat]),
    ...["https://evil.example", `${iss}/`, iss.toUpperCase(), ` ${iss}`, "", null, [iss], { iss }].map(
      (value): [string, unknown] => ["iss", value],
    ),
    ...[
      "other",
      `${aud}s`,
      aud.slice(0, -1),
      aud.toUpperCase(),
      "",
      "*",
      null,
      true,
      [],
      ["other"],
      [[aud]],
      [aud, 1],
      [`${aud} `],
      { [aud]: aud },
    ].map((value): [string, unknown] => ["aud", value]),
  ];
}

function replaceExp(claims: object, text: string): string {
  return JSON.stringify(claims).replace(/"exp":\d+/, `"exp":${text}`);
}

/** One name twice: parsers keep the first or the last, and a forger chooses. */
export async function buildDuplicateForgeries({ identities, claims, seconds }: Workshop): Promise<Forgery[]> {
  const { rsa, orchestrator, organization } = identities;
  const header = { alg: "RS256", kid: "rsa-1" };
  const text = JSON.stringify(claims);
  const sound = (part: string) => buildToken(header, text.replace("{", `{${part},`), rsa.sign);
  const after = (part: string) => buildToken(header, text.replace(/\}$/, `,${part}}`), rsa.sign);
  const odd = (payload: Part, head: Part = orchestratorHeader) => buildToken(head, payload, orchestrator.sign);
  const named: Named = [
    ["exp, the sound one last", sound(`"exp":${seconds - 600}`)],
    ["exp, the sound one first", after(`"exp":${seconds - 600}`)],
    ["exp, both sound", after(`"exp":${seconds + 600}`)],
    ["exp, once escaped", sound(`"\\u0065xp":${seconds - 600}`)],
    ["iss, the sound one last", sound('"iss":"https://evil.example"')],
    ["aud, the sound one last", sound('"aud":"other"')],
    ["sub", sound('"sub":"mallory"')],
    ["a name inside of a claim", sound('"x":{"a":1,"a":2}')],
    ["a name inside of a list", sound('"x":[[{"a":1,"a":2}]]')],
    ["alg", buildToken('{"alg":"none","alg":"RS256","kid":"rsa-1"}', claims, rsa.sign)],
    ["alg, once escaped", buildToken('{"\\u0061lg":"none","alg":"RS256","kid":"rsa-1"}', claims, rsa.sign)],
    ["kid", buildToken('{"alg":"RS256","kid":"x","kid":"rsa-1"}', claims, rsa.sign)],
    ["orgID", odd(`{"orgID":"evil","orgID":"${organization}"}`)],
    ["alg in the orchestrator's header", odd({ orgID: organization }, '{"alg":"HS256","alg":"RS256","typ":"JWT"}')],
  ];
  return toForgeries("one name twice", named);
}

/** Signed by the orchestrator, but not for an organization that is let in, or not as a token for us. */
export async function buildOrchestratorForgeries({ identities, seconds }: Workshop): Promise<Forgery[]> {
  const { orchestrator, organization } = identities;
  const organizations: unknown[] = [
    "evil",
    "",
    " ",
    organization.toUpperCase(),
    `${organization} `,
    `${organization},umbrella`,
    null,
    1,
    true,
    [organization],
    { orgID: organization },
  ];
  const sign = (payload: Part, header: Part = orchestratorHeader) => buildToken(header, payload, orchestrator.sign);
  const payload = { orgID: organization };
  const headers: object[] = [
    { typ: "HS256" },
    { typ: "none" },
    { typ: "RS512" },
    { typ: "jwt+evil" },
    { typ: null },
    { typ: ["RS256"] },
    { type: "JWE" },
    { type: 1 },
  ];
  return toForgeries("orchestrator's", [
    ...organizations.map((orgID) => [`orgID ${JSON.stringify(orgID)}`, sign({ orgID })] as const),
    ...headers.map((header) => [JSON.stringify(header), sign(payload, { ...orchestratorHeader, ...header })] as const),
    ["nothing", sign({})],
    ["orgid in another spelling", sign({ orgid: organization, org_id: organization })],
    ["orgID inherited", sign(`{"__proto__":{"orgID":"${organization}"}}`)],
    ["expired", sign({ ...payload, exp: seconds - 31 })],
    ["not yet", sign({ ...payload, nbf: seconds + 60 })],
    ["issued tomorrow", sign({ ...payload, iat: seconds + 86_400 })],
    ["exp as text", sign({ ...payload, exp: String(seconds + 600) })],
  ]);
}
