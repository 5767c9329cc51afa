/**
 * The orchestrator's own token. Its header is odd (`{"type":"JWT","typ":"RS256","kid":"<fingerprint>"}`: the algorithm
 * stands in `typ`, and `alg` may be missing), its payload is `{"orgID": "…"}` without a time or an audience. jose
 * verifies nothing without `alg`, so the signature is checked with WebCrypto: RS256 and nothing else, as the key is
 * imported for that; what the header says can only have the token refused.
 */
import type { CryptoKey } from "jose";
import { refuse, succeed, type Result } from "../../contract/result.ts";
import { checkClaims, getOwn, readEnd } from "./claims.ts";
import type { AuthenticationConfig } from "./config.ts";
import type { Jws } from "./jws.ts";
import { importPublicKeys } from "./public-key.ts";
import type { Rights } from "./rights.ts";
import { accept, reject, type Verdict } from "./verdict.ts";

type OrchestratorConfig = NonNullable<AuthenticationConfig["orchestrator"]>;

const algorithm = "RS256";

export async function createOrchestratorVerifier(
  { keys, organizations, ...rights }: OrchestratorConfig,
  { now }: { now: () => Date },
): Promise<Result<(jws: Jws) => Promise<Verdict>>> {
  const imported = await importPublicKeys(keys, "orchestrator.keys");
  if (!imported.ok) return imported;
  const other = imported.value.findIndex(({ algorithms }) => !algorithms.includes(algorithm));
  if (other >= 0) return refuse(`orchestrator.keys[${other}] is not an RSA key for ${algorithm}`);
  return succeed(async (jws) => {
    const header = checkHeader(jws);
    if (!header.ok) return reject(header.problem);
    const { kid } = jws.header;
    const candidates = imported.value.filter((key) => key.kid === undefined || kid === undefined || key.kid === kid);
    if (
      !(await isSignedByOne(
        jws,
        candidates.map(({ key }) => key),
      ))
    )
      return reject("its signature is not the orchestrator's");
    const claims = checkClaims(jws.payload, { now: now() });
    if (!claims.ok) return reject(claims.problem);
    const until = readEnd(jws.payload);
    return judgeOrganization(getOwn(jws.payload, "orgID"), { organizations, rights, until });
  });
}

/** Nothing in the header may name another algorithm or another kind of token. */
function checkHeader({ header }: Jws): Result<undefined> {
  const alg = getOwn(header, "alg");
  const typ = getOwn(header, "typ");
  const type = getOwn(header, "type");
  if (alg !== undefined && alg !== algorithm) return refuse(`its alg is not ${algorithm}`);
  if (typ !== undefined && typ !== algorithm && typ !== "JWT") return refuse(`its typ is neither ${algorithm} nor JWT`);
  return type === undefined || type === "JWT" ? succeed(undefined) : refuse("its type is not JWT");
}

async function isSignedByOne({ signature, signed }: Jws, keys: readonly CryptoKey[]): Promise<boolean> {
  for (const key of keys) {
    if (await crypto.subtle.verify("RSASSA-PKCS1-v1_5", key, signature, signed)) return true;
  }
  return false;
}

function judgeOrganization(
  claim: unknown,
  {
    organizations,
    rights,
    until,
  }: { organizations: readonly string[] | undefined; rights: Rights; until: number | undefined },
): Verdict {
  if (typeof claim !== "string" || claim === "") return reject("its orgID is not a name");
  if (organizations !== undefined && !organizations.includes(claim))
    return reject("its orgID is not one that is let in");
  return accept({ kind: "orchestrator", name: claim }, rights, { until });
}
