import { describe, expect, test } from "vitest";
import { buildClusterAccount, buildOperator, generateSeed, getPublicKey } from "./accounts.ts";
import { isSameClaim } from "./same-claim.ts";

const operator = generateSeed("operator");
const hub = generateSeed("account");
const seed = generateSeed("account");
const build = (cluster: string, options = {}) =>
  buildClusterAccount(cluster, { seed, operator, revocations: {}, ...options }, hub);
const prod = await build("prod");

/** The same JWT as if it and those within it had been made an hour later. */
function postdate(jwt: string): string {
  const [header = "", payload = ""] = jwt.split(".");
  const text = atob(payload.replaceAll("-", "+").replaceAll("_", "/"))
    .replace(/"iat":(\d+)/, (_, seconds: string) => `"iat":${Number(seconds) + 3600}`)
    .replace(/"jti":"[^"]*"/, '"jti":"another"')
    .replaceAll(/"token":"([^"]*)"/g, (_, token: string) => `"token":"${postdate(token)}"`);
  return [header, btoa(text).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, ""), "signature"].join(".");
}

describe("two JWTs", () => {
  test("say the same when they were built from the same, at different times", () => {
    const later = postdate(prod);
    expect(later).not.toBe(prod);
    expect(isSameClaim(prod, later)).toBe(true);
  });

  test.each([
    ["another cluster", () => build("staging")],
    ["another revocation", () => build("prod", { revocations: { [getPublicKey(hub)]: 1 } })],
    ["another operator", () => build("prod", { operator: generateSeed("operator") })],
    ["another hub", () => buildClusterAccount("prod", { seed, operator, revocations: {} }, generateSeed("account"))],
    ["another kind", () => buildOperator(operator, getPublicKey(seed))],
  ])("differ where there is %s", async (_, other) => {
    expect(isSameClaim(prod, await other())).toBe(false);
  });

  test.each(["", "x", "a.b.c", "a.e30=.c", "..", "a.!!!.c"])(
    "are not the same where one is no JWT: %j",
    async (text) => {
      expect(isSameClaim(text, await build("prod"))).toBe(false);
      expect(isSameClaim(text, text)).toBe(false);
    },
  );
});
