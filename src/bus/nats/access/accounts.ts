/**
 * Operator, accounts and users of a broker as NATS JWTs (NATS ADR-14): what `nsc` makes, without installing it. Keys are
 * nkeys in their text form: a seed (`SO…`, `SA…`, `SU…`) is secret, a public key (`O…`, `A…`, `U…`) is an id.
 */
import {
  encodeAccount,
  encodeActivation,
  encodeGeneric,
  encodeOperator,
  encodeUser,
  fmtCreds,
  type Account,
  type Export,
  type Permissions,
} from "@nats-io/jwt";
import { createAccount, createOperator, createUser, fromSeed, type KeyPair } from "@nats-io/nkeys";
import {
  describeGrants,
  describeTeamGrants,
  hubServices,
  inboxes,
  type Grant,
  type Service,
  type TeamAccess,
} from "./grants.ts";

/** A new key, as its seed. */
export function generateSeed(kind: "operator" | "account"): string {
  return toText((kind === "operator" ? createOperator() : createAccount()).getSeed());
}

/** The public key that belongs to a seed. Throws where it is no seed. */
export function getPublicKey(seed: string): string {
  return toKeyPair(seed).getPublicKey();
}

/** Who may sign accounts. It names the system account, in which accounts are pushed to servers. */
export function buildOperator(seed: string, systemAccount: string): Promise<string> {
  return encodeOperator("container-driver", toKeyPair(seed), { system_account: systemAccount });
}

export interface AccountKeys {
  /** The account's own seed. */
  readonly seed: string;
  /** The operator's seed, which signs accounts. */
  readonly operator: string;
  /** Users whose credentials are void, and since when (seconds since 1970). */
  readonly revocations: Readonly<Record<string, number>>;
}

/** The account that servers are managed in. */
export function buildSystemAccount(keys: AccountKeys): Promise<string> {
  return encode("SYS", keys, { limits: limits({ exports: unlimited }), default_permissions: systemPermissions });
}

/** The account that owns the streams. It exports the same whatever clusters there are. */
export function buildHubAccount(keys: AccountKeys, frontDoor: Partial<Permissions>): Promise<string> {
  return encode("HUB", keys, {
    limits: limits({ exports: unlimited, ...jetStream }),
    default_permissions: frontDoor,
    exports: hubServices.map(buildExport),
  });
}

function buildExport({ name, subject, answers }: Service): Export {
  // Without a token of the hub's, no other account on this broker can import it.
  const common = { name, subject, token_req: true };
  if (answers === "unasked") return { ...common, type: "stream" };
  return { ...common, type: "service", response_type: answers === "one" ? "Singleton" : "Stream" };
}

/** A cluster's account: what its agent needs of the hub, and nothing else. `hub` is the hub's seed. */
export function buildClusterAccount(cluster: string, keys: AccountKeys, hub: string): Promise<string> {
  return buildImporter(cluster, keys, { grants: describeGrants(cluster), hub });
}

/** A team's account: it reads, and changes nothing. `hub` is the hub's seed. */
export function buildTeamAccount(
  team: string,
  keys: AccountKeys,
  { access, hub }: { access: TeamAccess; hub: string },
): Promise<string> {
  return buildImporter(`team-${team}`, keys, { grants: describeTeamGrants(access), hub });
}

/** An account without streams of its own, that has a share of the hub's services. */
async function buildImporter(
  name: string,
  keys: AccountKeys,
  { grants, hub }: { grants: readonly Grant[]; hub: string },
): Promise<string> {
  const importer = getPublicKey(keys.seed);
  const imports = await Promise.all(grants.map((grant) => buildImport(grant, importer, hub)));
  const heard = grants.filter(({ service }) => service.answers === "unasked");
  const asked = grants.filter(({ service }) => service.answers !== "unasked");
  return encode(name, keys, {
    limits: limits({ imports: unlimited, conn: importerConnections }),
    default_permissions: {
      pub: { allow: asked.map(({ localSubject }) => localSubject) },
      sub: { allow: [inboxes, ...heard.map(({ localSubject }) => localSubject)] },
    },
    imports,
  });
}

async function buildImport({ service, subject, localSubject }: Grant, importer: string, hub: string) {
  const hubKey = toKeyPair(hub);
  const type = service.answers === "unasked" ? ("stream" as const) : ("service" as const);
  const token = await encodeActivation(service.name, importer, hubKey, type, { subject });
  return {
    name: service.name,
    type,
    account: hubKey.getPublicKey(),
    subject,
    local_subject: localSubject,
    token,
  };
}

export interface NewUser {
  /** Its public key. */
  readonly key: string;
  /** The text of a credentials file. Secret. */
  readonly credentials: string;
}

/** A new user of an account, with its permissions or, without, with those that the account has for its users. */
export async function createUserCredentials(
  name: string,
  account: string,
  permissions: Partial<Permissions> = {},
): Promise<NewUser> {
  const user = createUser();
  // By these alone: not as a leaf node, which would bring users and accounts of its own.
  const connections = { allowed_connection_types: ["STANDARD" as const, "WEBSOCKET" as const] };
  const token = await encodeUser(name, user, toKeyPair(account), { ...permissions, ...connections });
  return { key: user.getPublicKey(), credentials: toText(fmtCreds(token, user)) };
}

/** An operator's order to forget an account. */
export function buildDeletion(operator: string, account: string): Promise<string> {
  return encodeGeneric("delete", toKeyPair(operator), "generic", { accounts: [account] });
}

const unlimited = -1;
/** An agent's replica has one, and so has a team's program; more than this many only somebody has who means harm. */
const importerConnections = 100;
const jetStream = {
  mem_storage: unlimited,
  disk_storage: unlimited,
  streams: unlimited,
  consumer: unlimited,
  max_ack_pending: unlimited,
  mem_max_stream_bytes: unlimited,
  disk_max_stream_bytes: unlimited,
};

/** What isn't said counts as none: no leaf nodes, no imports, no exports, no JetStream. */
function limits(allowed: Account["limits"]): NonNullable<Account["limits"]> {
  const usual = { subs: unlimited, data: unlimited, payload: unlimited, conn: unlimited, wildcards: true };
  return { leaf: 0, imports: 0, exports: 0, disallow_bearer: true, ...usual, ...allowed };
}

/** Pushing accounts, and nothing else of what the system account could do to a server. */
const systemPermissions = {
  pub: {
    allow: ["UPDATE", "DELETE", "LIST"]
      .map((verb) => `$SYS.REQ.CLAIMS.${verb}`)
      .concat("$SYS.REQ.ACCOUNT.*.CLAIMS.LOOKUP"),
  },
  sub: { allow: [inboxes] },
};

function encode(name: string, { seed, operator, revocations }: AccountKeys, account: Partial<Account>) {
  const signer = toKeyPair(operator);
  return encodeAccount(name, toKeyPair(seed), { ...account, revocations: { ...revocations } }, { signer });
}

function toKeyPair(seed: string): KeyPair {
  return fromSeed(new TextEncoder().encode(seed));
}

function toText(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
