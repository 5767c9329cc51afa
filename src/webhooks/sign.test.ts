import * as v from "valibot";
import { expect, test } from "vitest";
import { buildWebhookHeaders, WebhookSecret } from "./sign.ts";

const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const message = {
  id: "msg_p5jXN8AQM9LWM0D4loKWxJek",
  timestamp: 1614265330,
  payload: new TextEncoder().encode('{"test": 2432232314}'),
};

test("a signature is what the specification's own libraries expect", async () => {
  expect(await buildWebhookHeaders(message, [secret])).toEqual({
    "webhook-id": message.id,
    "webhook-timestamp": "1614265330",
    "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
  });
});

test("two secrets give two signatures, so that receivers can change theirs", async () => {
  const other = `whsec_${btoa("x".repeat(32))}`;
  const both = (await buildWebhookHeaders(message, [other, secret]))["webhook-signature"]?.split(" ");
  const alone = (await buildWebhookHeaders(message, [secret]))["webhook-signature"];
  expect(both).toHaveLength(2);
  expect(both?.[1]).toBe(alone);
  expect(both?.[0]).not.toBe(alone);
});

test("id, time and payload are all signed", async () => {
  const sign = async (changed: Partial<typeof message>) =>
    (await buildWebhookHeaders({ ...message, ...changed }, [secret]))["webhook-signature"];
  const others = [{ id: "other" }, { timestamp: 1 }, { payload: new Uint8Array() }];
  const signatures = await Promise.all([{}, ...others].map(sign));
  expect(new Set(signatures).size).toBe(signatures.length);
});

test.each([
  ["", false],
  ["whsec_", false],
  [secret.replace("whsec_", ""), false],
  ["whsec_not base64!", false],
  [`whsec_${btoa("x".repeat(23))}`, false],
  [`whsec_${btoa("x".repeat(24))}`, true],
  [`whsec_${btoa("x".repeat(64))}`, true],
  [`whsec_${btoa("x".repeat(65))}`, false],
  ["whsec_AAAAA", false],
])("the secret %j is fit: %s", (text, fit) => {
  expect(v.is(WebhookSecret, text)).toBe(fit);
});
