import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import { describe, expect, test } from "vitest";
import { containerDriver } from "../src/catalog/container/container.ts";
import { decodeMessage } from "../src/contract/decode.ts";
import { InputData } from "../src/contract/driver-api/input-data.ts";

const folder = join(import.meta.dirname, "../examples");
const examples = (await readdir(folder)).filter((file) => file.endsWith(".json"));
const validate = new Ajv2020({ strict: true, strictRequired: false, strictTypes: false }).compile(
  containerDriver.inputsSchema,
);

describe("the requests in examples/", () => {
  test("are there", () => {
    expect(examples.length).toBeGreaterThan(0);
  });

  test.for(examples)("%s is taken by the driver and by the published JSON Schema", async (file) => {
    const data = decodeMessage(InputData, await readFile(join(folder, file)));
    expect(data).toMatchObject({ ok: true });
    if (!data.ok) return;
    expect(containerDriver.toWanted(data.value)).toMatchObject({ ok: true });
    validate(data.value.driver);
    expect(validate.errors).toBeNull();
  });
});
