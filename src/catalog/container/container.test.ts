import { describe, expect, test } from "vitest";
import { realRequests } from "../../contract/container/requests.fixture.ts";
import type { InputData } from "../../contract/driver-api/input-data.ts";
import type { JsonObject } from "../../contract/json.ts";
import { limits } from "../../contract/limits.ts";
import { createCatalog } from "../driver.ts";
import { containerDriver } from "./container.ts";

/** What is wrong with a request; "taken" when nothing is. */
function tryOut(values: JsonObject, secrets: JsonObject = {}): string {
  const wanted = containerDriver.toWanted({ type: "s3", resource: {}, driver: { values, secrets } });
  return wanted.ok ? "taken" : wanted.problem;
}

const job = { image: "i" };
const url = "https://git.example/r";

describe("the container driver", () => {
  test("is in the catalog by its name, and nothing else is", () => {
    const catalog = createCatalog([containerDriver]);
    expect(catalog.get("container")).toBe(containerDriver);
    expect(catalog.get("constructor")).toBeUndefined();
  });

  test.for(Object.entries(realRequests))("takes what definitions make, unchanged: %s", ([name, request]) => {
    const data = request as unknown as InputData;
    const cluster = { "credentials as a file, and a template that names the image": "acme-eu" }[name];
    expect(containerDriver.toWanted(data)).toMatchObject({
      ok: true,
      value: {
        inputs: {
          type: data.type,
          resource: data.resource,
          values: data.driver?.values,
          secrets: data.driver?.secrets ?? {},
        },
        cluster: cluster ?? ("cluster" in request.driver.values ? "acme-eu" : undefined),
      },
    });
  });

  test("asks for a job where values and secrets are null or missing", () => {
    const tried = [undefined, null, {}, { values: null, secrets: null }].map((driver) =>
      containerDriver.toWanted({ type: "s3", resource: {}, driver }),
    );
    for (const wanted of tried) expect(wanted).toEqual({ ok: false, problem: "driver.values.job is missing" });
  });
});

describe("what values and secrets have in common", () => {
  test("files are counted together, up to the limit", () => {
    const files = (count: number, prefix: string) =>
      Object.fromEntries(Array.from({ length: count }, (_, index) => [`${prefix}${index}`, ""]));
    expect(tryOut({ job, files: files(limits.files - 1, "a") }, { files: files(1, "b") })).toBe("taken");
    expect(tryOut({ job, files: files(limits.files - 1, "a") }, { files: files(2, "b") })).toBe(
      "driver.values.files with driver.secrets.files is 201 files, the limit is 200 files",
    );
  });

  test("a file can't be plain and secret at once", () => {
    expect(tryOut({ job, files: { "a/b": "x" } }, { files: { "a/b": "canary" } })).toBe(
      'driver.secrets.files["a/b"] is in driver.values.files too: give it once',
    );
  });

  test("secrets of a source go with a source", () => {
    expect(tryOut({ job, source: { url } }, { source: { password: "canary" } })).toBe("taken");
    expect(tryOut({ job }, { source: { password: "canary" } })).toBe(
      "driver.values.source is missing, but driver.secrets.source is given",
    );
  });

  test("credentials that are named must be there", () => {
    const credentials_config = { environment: { KEY: "id" } };
    expect(tryOut({ job, credentials_config }, { account: { id: "canary" } })).toBe("taken");
    expect(tryOut({ job, credentials_config }, { account: { other: "canary" } })).toBe(
      "driver.values.credentials_config.environment.KEY names a field that driver.secrets.account lacks; it has other",
    );
  });

  test("a cluster's name is text", () => {
    expect(tryOut({ job, cluster: { name: 5 } })).toBe(
      "driver.values.cluster.name is a number, must be a cluster's name",
    );
  });
});
