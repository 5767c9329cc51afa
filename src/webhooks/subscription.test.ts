import { expect, test } from "vitest";
import { check } from "../contract/decode.ts";
import { isWanted, Subscriptions, type Subscription } from "./subscription.ts";

const secrets = [`whsec_${btoa("x".repeat(32))}`];
const sound = { url: "https://hooks.example.com/runs", secrets };

function getProblem(subscription: unknown, name = "team"): string {
  const checked = check(Subscriptions, { [name]: subscription });
  return checked.ok ? "" : checked.problem;
}

test.each([
  [sound],
  [{ ...sound, types: ["run.failed.v1"], clusters: ["prod"], drivers: ["container"] }],
  [{ ...sound, url: "http://10.0.0.1:8080/", private: true }],
])("a subscription is %j", (subscription) => {
  expect(getProblem(subscription)).toBe("");
});

test.each([
  [{ secrets }, /url is missing/],
  [{ ...sound, url: "http://hooks.example.com" }, /must have an https url/],
  [{ ...sound, url: "ftp://hooks.example.com", private: true }, /must be http or https, without a login/],
  [{ ...sound, url: "https://user:pass@hooks.example.com" }, /without a login/],
  [{ ...sound, url: "hooks" }, /must be a URL/],
  [{ ...sound, secrets: [] }, /must hold a secret/],
  [{ ...sound, secrets: ["secret"] }, /must be whsec_ and 24 to 64 bytes in base64/],
  [{ ...sound, types: ["run.ended.v1"] }, /must be one of run.requested.v1/],
  [{ ...sound, clusters: ["*"] }, /clusters\[0\]/],
  [{ ...sound, secret: "whsec_x" }, /secret is not known here; known: url, secrets/],
])("%j is refused", (subscription, problem) => {
  expect(getProblem(subscription)).toMatch(problem);
  expect(getProblem(subscription)).not.toContain(secrets[0]);
});

test("a name that can't be part of a key is refused", () => {
  for (const name of ["", "a.b", "*", "A", "a b"]) expect(getProblem(sound, name)).not.toBe("");
});

test("what a filter leaves out isn't looked at", () => {
  const event = { type: "run.failed.v1", data: { cluster: "prod", driver: "container" } };
  const filters: [Partial<Subscription>, boolean][] = [
    [{}, true],
    [{ types: ["run.failed.v1", "run.cancelled.v1"] }, true],
    [{ types: ["run.cancelled.v1"] }, false],
    [{ types: [] }, false],
    [{ clusters: ["prod"] }, true],
    [{ clusters: ["test"] }, false],
    [{ drivers: ["container"], clusters: ["prod"], types: ["run.failed.v1"] }, true],
    [{ drivers: ["opentofu"] }, false],
  ];
  expect(filters.map(([filter]) => isWanted(filter, event))).toEqual(filters.map(([, wanted]) => wanted));
});
