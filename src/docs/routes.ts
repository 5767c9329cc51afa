/** `/docs/spec.json` and each driver's inputs schema: for people, and for registering the driver. */
import { Hono } from "hono";
import type { Catalog } from "../catalog/driver.ts";
import { respondWithError } from "../errors.ts";
import { buildOpenApi } from "./openapi.ts";

export function createDocsRoutes(catalog: Catalog, version: string): Hono {
  const spec = buildOpenApi(catalog, version);
  return new Hono()
    .get("/spec.json", (c) => c.json(spec))
    .get("/drivers/:driver/inputs.json", (c) => {
      const driver = catalog.get(c.req.param("driver"));
      return driver === undefined
        ? respondWithError(c, "RES-106", `There is no such driver; known: ${[...catalog.keys()].join(", ")}`)
        : c.json(driver.inputsSchema);
    });
}
