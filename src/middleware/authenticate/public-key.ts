/** Configured public keys, ready to verify. The key pins the algorithm; a token that names another one is refused. */
import { importJWK, importSPKI, type CryptoKey } from "jose";
import { refuse, succeed, type Result } from "../../contract/result.ts";
import { edwardsNames, type SignatureAlgorithm } from "./algorithms.ts";
import type { PublicKey } from "./config.ts";

export interface VerificationKey {
  /** Given by a JWK that has one: a token that names another is not for this key. */
  readonly kid: string | undefined;
  readonly key: CryptoKey;
  readonly algorithms: readonly SignatureAlgorithm[];
}

const leastRsaBits = 2048;

const algorithmOfCurve: Readonly<Record<string, SignatureAlgorithm>> = {
  "P-256": "ES256",
  "P-384": "ES384",
  "P-521": "ES512",
  Ed25519: "Ed25519",
};

/** Imports configured keys; `path` is where the configuration has them. */
export async function importPublicKeys(keys: readonly PublicKey[], path: string): Promise<Result<VerificationKey[]>> {
  const imported: VerificationKey[] = [];
  for (const [index, key] of keys.entries()) {
    const result = await importPublicKey(key);
    if (!result.ok) return refuse(`${path}[${index}] ${result.problem}`);
    imported.push(result.value);
  }
  return succeed(imported);
}

async function importPublicKey(key: PublicKey): Promise<Result<VerificationKey>> {
  const imported = typeof key === "string" ? await importPem(key.trim()) : await importPublicJwk(key);
  if (!imported.ok) return imported;
  const { algorithm } = imported.value.key;
  const bits = "modulusLength" in algorithm ? Number(algorithm.modulusLength) : leastRsaBits;
  if (bits >= leastRsaBits) return imported;
  return refuse(`is an RSA key of ${bits} bits, at least ${leastRsaBits} are needed`);
}

/** PEM doesn't say in a word of what kind the key is: of these, only its own kind can take it. */
async function importPem(pem: string): Promise<Result<VerificationKey>> {
  for (const algorithm of ["RS256", "ES256", "ES384", "ES512", "Ed25519"] as const) {
    const key = await importSPKI(pem, algorithm).catch(() => undefined);
    if (key !== undefined) return succeed({ kid: undefined, key, algorithms: getNames(algorithm) });
  }
  return refuse(
    "is no public key that can be used: PEM must begin with BEGIN PUBLIC KEY and hold an RSA, P-256, P-384, P-521 or Ed25519 key",
  );
}

async function importPublicJwk(jwk: Exclude<PublicKey, string>): Promise<Result<VerificationKey>> {
  if ("d" in jwk)
    return refuse("is a private key: configure the public one, and replace this one, as it has been copied");
  const algorithm = jwk.alg ?? getDefault(jwk);
  if (algorithm === undefined) return refuse(`is of kty ${jwk.kty} with a crv that no algorithm here goes with`);
  if (!fits(algorithm, jwk)) return refuse(`is no public key for ${algorithm}`);
  const key = await importJWK(jwk, algorithm, { extractable: false }).catch(() => undefined);
  if (key === undefined || key instanceof Uint8Array || key.type !== "public") {
    return refuse(`is no public key for ${algorithm}`);
  }
  return succeed({ kid: jwk.kid, key, algorithms: getNames(algorithm) });
}

/** The algorithm that the key itself calls for; undefined where nothing goes with it. */
function getDefault({ kty, crv = "" }: Exclude<PublicKey, string>): SignatureAlgorithm | undefined {
  if (kty === "RSA") return "RS256";
  return Object.hasOwn(algorithmOfCurve, crv) ? algorithmOfCurve[crv] : undefined;
}

/** Not every runtime refuses to import a key for a curve that it isn't on. */
function fits(algorithm: SignatureAlgorithm, jwk: Exclude<PublicKey, string>): boolean {
  if (jwk.kty === "RSA") return /^[RP]S/.test(algorithm);
  const own = getDefault(jwk);
  return own !== undefined && getNames(own).includes(algorithm);
}

function getNames(algorithm: SignatureAlgorithm): readonly SignatureAlgorithm[] {
  return edwardsNames.includes(algorithm) ? edwardsNames : [algorithm];
}
