import { describe, expect, test } from "vitest";
import { parseJsonObject } from "../../src/contract/json.ts";
import { collectSecrets } from "./secrets.ts";

function collect(json: string) {
  const parsed = parseJsonObject(json);
  if (!parsed.ok) throw new Error(parsed.problem);
  return collectSecrets({ secrets: parsed.value });
}

describe("collectSecrets", () => {
  test("takes every string at any depth, from every part of the secrets", () => {
    const { values, warnings } = collect(`{
      "account": { "access_key": "AKIA-access", "nested": { "list": ["list-item-1", { "deep": "deep-value" }] } },
      "job": { "variables": { "API-TOKEN": "token-value" } },
      "files": { "a/b.tfvars": "file-text" },
      "source": { "ssh_key": "ssh-key-text", "password": "git-password" },
      "cluster": { "agent_url": "wss://agent.example", "kubeconfig": "kube-config" }
    }`);
    expect(values).toEqual([
      "AKIA-access",
      "list-item-1",
      "deep-value",
      "token-value",
      "file-text",
      "ssh-key-text",
      "git-password",
      "wss://agent.example",
      "kube-config",
    ]);
    expect(warnings).toEqual([]);
  });

  test("takes numbers of six digits or more as they were written", () => {
    const { values } = collect(`{"account": {"a": 123456, "b": -9007199254740993, "c": 1234.50, "d": 12.3456789}}`);
    expect(values).toEqual(["123456", "-9007199254740993", "1234.50", "12.3456789"]);
  });

  test("warns of what is too short by its path, and never by its value", () => {
    const { values, warnings } = collect(
      `{"account": {"pin": 12345, "neg": -12345, "padded": "  abcde\\n", "list": ["x-y-z"]}, "files": {"a/b": "short"}}`,
    );
    expect(values).toEqual([]);
    expect(warnings).toEqual(
      [
        "driver.secrets.account.pin",
        "driver.secrets.account.neg",
        "driver.secrets.account.padded",
        "driver.secrets.account.list[0]",
        'driver.secrets.files["a/b"]',
      ].map((path) => `Cannot mask ${path} in logs and errors: it is shorter than 6 characters`),
    );
    expect(warnings.join()).not.toMatch(/1234|abcde|x-y-z|short"/);
  });

  test("says nothing of what holds no secret: empty values, true, false and null", () => {
    expect(collect(`{"account": {"a": "", "b": " \\n", "c": true, "d": null, "e": [], "f": {}}}`)).toEqual({
      values: [],
      warnings: [],
    });
    expect(collect("{}")).toEqual({ values: [], warnings: [] });
  });

  test("names the first ten short values and counts the others", () => {
    const account = Object.fromEntries(Array.from({ length: 5000 }, (_, index) => [`key${index}`, "abc"]));
    const { warnings } = collect(JSON.stringify({ account }));
    expect(warnings).toHaveLength(11);
    expect(warnings[9]).toContain("driver.secrets.account.key9 ");
    expect(warnings[10]).toBe("Cannot mask 4990 more secrets: they are shorter than 6 characters");
  });

  test("takes an equal value once, and a key called constructor like any other", () => {
    const { values } = collect(`{"account": {"constructor": "same-value", "toString": "same-value"}}`);
    expect(values).toEqual(["same-value"]);
  });

  const pem = `-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQ\nEFAASCBKcwggSjAgEAAoIBAQDL\n-----END PRIVATE KEY-----\n`;
  const serviceAccount = JSON.stringify({ client_secret: "GOCSPX-hunter2", pin: "1234", private_key: pem });

  test.each([
    ["JSON", serviceAccount, ["GOCSPX-hunter2", pem]],
    ["JSON in base64", Buffer.from(serviceAccount).toString("base64"), [serviceAccount, "GOCSPX-hunter2", pem]],
    ["JSON in JSON", JSON.stringify({ key: serviceAccount }), [serviceAccount, "GOCSPX-hunter2", pem]],
    ["a text in base64url", Buffer.from("über-secret-word").toString("base64url"), ["über-secret-word"]],
    ["an ini file", "[default]\naws_secret_access_key = wJalrXUtnFEMI\nregion=eu\n", ["wJalrXUtnFEMI"]],
    ["a .env file", `export TOKEN="tok-12345678"\nNAME='a-longer-name'\n`, ["tok-12345678", "a-longer-name"]],
    [
      "a kubeconfig",
      "apiVersion: v1\nkind: Config\nusers:\n- user:\n    token: sha256~kube-token\n",
      ["sha256~kube-token"],
    ],
  ])("takes what %s holds, each by itself, and warns of nothing there", (_, document, inner) => {
    const { values, warnings } = collectSecrets({ secrets: { account: { credentials: document } } });
    expect(new Set(values)).toEqual(new Set([document, ...inner]));
    expect(warnings).toEqual([]);
  });

  test.each([
    "password1234password",
    "https://example.com/?a=bcdefghijk",
    "a: longer-value",
    "{not json at all}",
    pem.trim(),
  ])("takes what holds no document as it is: %j", (text) => {
    expect(collectSecrets({ secrets: { account: { text } } }).values).toEqual([text]);
  });

  test("takes any text apart, however it looks, before the test's time is up", () => {
    for (const piece of ["a", "=", ": ", "a=", '"', "[", "- a: b\n", `${"a".repeat(199)}\n`, " "]) {
      const text = piece.repeat(400_000 / piece.length);
      // What is alone on a line, and what stands between a name and the end of its value.
      for (const whole of [text, `longer\na=${text}b\u2028c`, `longer\na${text}=b\u2028c`, `longer\na="${text}`])
        if (whole.trim() !== "") expect(collectSecrets({ secrets: { account: { whole } } }).values).toContain(whole);
    }
  });
});
