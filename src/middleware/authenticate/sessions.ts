/**
 * Sessions of people who read pages in a browser, which sends no Authorization header by itself. They sign in with a token
 * and are given a session in its place: it ends after half a day, with the token, and at once when what it rests on is
 * configured no more. It is for reading and cancelling only.
 */
import { stringifyJson } from "../../contract/json.ts";
import { toPerson } from "../../contract/control.ts";
import { refuse, succeed, type Result } from "../../contract/result.ts";
import type { FrontDoorKeys } from "../../sealing/keys.ts";
import { openSession, sealSession, type Session } from "../../sealing/session.ts";
import type { Verify } from "./authenticate.ts";
import { parseBearer } from "./bearer.ts";
import type { AuthenticationConfig } from "./config.ts";
import { pickRights, rightNames, type Rights } from "./rights.ts";
import { hashText } from "./static-tokens.ts";
import { reject, type Caller, type Verdict } from "./verdict.ts";

export interface Sessions {
  /** Takes a token for a session; or says why not, for our log. */
  begin(token: string): Promise<BegunSession | Exclude<Verdict, { kind: "accepted" }>>;
  /** Whose session it is, and what they may do now. The problem is for our log. */
  resume(text: string): Promise<Result<ResumedSession>>;
}

export interface ResumedSession {
  readonly caller: Caller;
  readonly rights: Rights;
  /** Milliseconds since 1970. */
  readonly until: number;
}

export interface BegunSession {
  readonly kind: "begun";
  readonly caller: Caller;
  /** Sealed. */
  readonly text: string;
  readonly until: Date;
}

export interface SessionsOptions {
  readonly verify: Verify;
  readonly keys: Pick<FrontDoorKeys, "runSecrets">;
  readonly now: () => Date;
}

const mostMilliseconds = 12 * 3600 * 1000;

export function createSessions(config: AuthenticationConfig, { verify, keys, now }: SessionsOptions): Sessions {
  /** What a session of this kind rests on, as it is configured now. */
  async function findBasis(kind: "jwt" | "orchestrator"): Promise<string> {
    return hashText(stringifyJson(config[kind] ?? null));
  }

  /** Whose it is, and their rights by the configuration. */
  async function findHolder({ kind, basis, name }: Session): Promise<{ name: string; rights: Rights } | undefined> {
    if (kind === "token") {
      const token = config.tokens?.find(({ sha256 }) => sha256 === basis);
      return token && { name: token.name, rights: token };
    }
    const rights = config[kind];
    return rights !== undefined && basis === (await findBasis(kind)) ? { name, rights } : undefined;
  }

  return {
    async begin(token) {
      const bearer = parseBearer(`Bearer ${token}`);
      if (!bearer.ok) return reject(bearer.problem);
      const verdict = await verify(bearer.value);
      if (verdict.kind !== "accepted") return verdict;
      const { caller, until = Infinity } = verdict;
      if (caller.kind === "anonymous") return reject("nobody has signed in");
      const end = Math.min(now().getTime() + mostMilliseconds, until);
      const basis = caller.kind === "token" ? await hashText(bearer.value) : await findBasis(caller.kind);
      // A name may be long, and a cookie may not.
      const session: Session = { v: 1, kind: caller.kind, name: toPerson(caller.name), basis, until: end };
      return { kind: "begun", caller, text: await sealSession(session, keys), until: new Date(end) };
    },
    async resume(text) {
      const session = await openSession(text, keys);
      if (!session.ok) return session;
      if (session.value.until <= now().getTime()) return refuse("it has ended");
      const holder = await findHolder(session.value);
      if (holder === undefined) return refuse("what it rests on is not configured any more");
      const caller = { kind: session.value.kind, name: holder.name };
      return succeed({ caller, rights: withoutDriving(holder.rights), until: session.value.until });
    },
  };
}

/** A browser reads and cancels; what drives resources is a program. */
function withoutDriving(rights: Rights): Rights {
  const { may = rightNames, ...rest } = pickRights(rights);
  return { ...rest, may: may.filter((right) => right !== "drive") };
}
