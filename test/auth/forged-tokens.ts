/**
 * Tokens that no driver may let in: the same corpus for every runtime, over HTTP or without. Each is a good token with one
 * thing wrong. Web standards only, and no test framework.
 */
import {
  buildConfusionForgeries,
  buildMismatchForgeries,
  buildNoneForgeries,
  buildSignatureForgeries,
} from "./forgeries/algorithms.ts";
import { buildClaimForgeries, buildDuplicateForgeries, buildOrchestratorForgeries } from "./forgeries/claims.ts";
import type { Forgery, Workshop } from "./forgeries/forgery.ts";
import {
  buildContentForgeries,
  buildFormForgeries,
  buildSchemeForgeries,
  buildSpellingForgeries,
  buildStaticForgeries,
} from "./forgeries/form.ts";
import { buildKeyForgeries } from "./forgeries/keys.ts";
import type { Identities } from "./identities.ts";
import { buildClaims } from "./valid-tokens.ts";

export type { Forgery } from "./forgeries/forgery.ts";

const builders: readonly ((workshop: Workshop) => Promise<Forgery[]>)[] = [
  buildNoneForgeries,
  buildConfusionForgeries,
  buildMismatchForgeries,
  buildSignatureForgeries,
  buildKeyForgeries,
  buildClaimForgeries,
  buildDuplicateForgeries,
  buildOrchestratorForgeries,
  buildFormForgeries,
  buildSpellingForgeries,
  buildContentForgeries,
  buildSchemeForgeries,
  buildStaticForgeries,
];

/** Forgeries against a driver that is configured with `buildConfig(identities)`. Names are unique. */
export async function buildForgedTokens(identities: Identities, now = new Date()): Promise<Forgery[]> {
  const workshop = { identities, claims: buildClaims(identities, now), seconds: Math.floor(now.getTime() / 1000) };
  const groups: Forgery[][] = [];
  for (const build of builders) groups.push(await build(workshop));
  return groups.flat();
}
