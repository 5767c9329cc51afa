import { expect, test } from "vitest";
import { containerDriver } from "../catalog/container/container.ts";
import { inputsSchema } from "../catalog/container/inputs-schema.ts";
import { createCatalog } from "../catalog/driver.ts";
import { createDocsRoutes } from "./routes.ts";

const routes = createDocsRoutes(createCatalog([containerDriver]), "1.2.3");

test("the OpenAPI document is served", async () => {
  const response = await routes.request("/spec.json");
  expect(response.status).toBe(200);
  expect(await response.json()).toMatchObject({ openapi: "3.1.0", info: { version: "1.2.3" } });
});

test("the inputs' JSON Schema of each driver is served", async () => {
  const response = await routes.request("/drivers/container/inputs.json");
  expect(response.status).toBe(200);
  expect(await response.json()).toEqual(inputsSchema);
});

test.for(["nothing", "constructor", "__proto__"])("there is no driver %s", async (name) => {
  const response = await routes.request(`/drivers/${name}/inputs.json`);
  expect(response.status).toBe(404);
  expect(await response.json()).toEqual({
    error: "RES-106",
    message: "There is no such driver; known: container",
  });
});
