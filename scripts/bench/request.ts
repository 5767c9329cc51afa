/** What orchestrators send: a request of about 4 KiB, the same with a mistake in it, and tokens of both kinds. */
import { createHash, randomBytes } from "node:crypto";
import { exportSPKI, generateKeyPair, SignJWT } from "jose";
import { stringifyJson, type JsonObject } from "../../src/contract/json.ts";

const code = Array.from(
  { length: 24 },
  (_, index) => `resource "aws_s3_bucket_object" "page_${index}" {
  bucket = aws_s3_bucket.this.id
  key    = "pages/${index}.html"
}
`,
).join("");

/** Code inline, an account's credentials, secret variables: as public resource definitions have it. */
function buildRequest(job: JsonObject): JsonObject {
  return {
    type: "s3",
    resource: { region: "eu-north-1", versioning: true, tags: { team: "shop", environment: "staging" } },
    driver: {
      values: {
        job: { image: "registry.example/platform/runner:2.3.1", command: ["/opt/runner"], ...job },
        credentials_config: {
          environment: { AWS_ACCESS_KEY_ID: "AccessKeyId", AWS_SECRET_ACCESS_KEY: "SecretAccessKey" },
        },
        files: {
          "terraform.tfvars.json": '{"REGION": "eu-north-1", "BUCKET": "shop-staging"}\n',
          "backend.tf": 'terraform {\n  backend "s3" {}\n}\n',
          "main.tf": code,
        },
      },
      secrets: {
        account: {
          AccessKeyId: "AKIAEXAMPLE000000000",
          SecretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
          SessionToken: "FQoGZXIvYXdzEXAMPLE".repeat(16),
        },
        job: { variables: { TF_VAR_username: "administrator", TF_VAR_password: "correct-horse-battery-staple" } },
      },
    },
  };
}

/** The body of a PUT. */
export const goodBody = stringifyJson(buildRequest({}));
/** The same, but `command` is no list: refused with 400. */
export const badBody = stringifyJson(buildRequest({ command: "/opt/runner" }));

export interface Tokens {
  /** `Authorization` headers. */
  readonly fixed: string;
  readonly jwt: string;
  /** The front door's variables that let both in. */
  readonly variables: Readonly<Record<string, string>>;
}

/** A token that is known by its hash, and an RS256 JWT of an identity provider. */
export async function createTokens(): Promise<Tokens> {
  const token = randomBytes(24).toString("base64url");
  const { privateKey, publicKey } = await generateKeyPair("RS256");
  const names = { issuer: "https://identity.example", audience: "container-driver" };
  const jwt = await new SignJWT({ sub: "orchestrator" })
    .setProtectedHeader({ alg: "RS256", typ: "JWT" })
    .setIssuer(names.issuer)
    .setAudience(names.audience)
    .setIssuedAt()
    .setExpirationTime("2h")
    .sign(privateKey);
  return {
    fixed: `Bearer ${token}`,
    jwt: `Bearer ${jwt}`,
    variables: {
      TOKEN_HASHES: createHash("sha256").update(token).digest("hex"),
      AUTHENTICATION: stringifyJson({ jwt: { keys: [await exportSPKI(publicKey)], ...names } }),
    },
  };
}
