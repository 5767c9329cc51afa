/** Who is let in where: programs by their token, and people who read pages by a session as well. */
import type { MiddlewareHandler } from "hono";
import { succeed, type Result } from "../../contract/result.ts";
import type { FrontDoorKeys } from "../../sealing/keys.ts";
import { createVerifier, letEverybodyIn, requireToken, type AuthenticationOptions } from "./authenticate.ts";
import { isOpen, type AuthenticationConfig } from "./config.ts";
import { createSessions, type Sessions } from "./sessions.ts";

export interface Gates {
  /** Asks for a token. */
  readonly authenticate: MiddlewareHandler;
  /** Left out where everybody is let in. */
  readonly sessions?: Sessions;
}

/** The problem says which configured key can't be used. */
export async function createGates(
  config: AuthenticationConfig,
  { keys, ...options }: AuthenticationOptions & { keys: Pick<FrontDoorKeys, "runSecrets"> },
): Promise<Result<Gates>> {
  if (isOpen(config)) return succeed({ authenticate: letEverybodyIn });
  const verify = await createVerifier(config, options);
  if (!verify.ok) return verify;
  const sessions = createSessions(config, { verify: verify.value, keys, now: options.now });
  return succeed({ authenticate: requireToken(verify.value, options.logger), sessions });
}
