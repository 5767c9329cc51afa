/** What a driver in the catalog is: a name, and a way from the orchestrator's request to a container run. */
import type { ContainerInputs } from "../contract/container/inputs.ts";
import type { InputData } from "../contract/driver-api/input-data.ts";
import type { JsonObject } from "../contract/json.ts";
import type { Result } from "../contract/result.ts";

/** What a request asks for: a run's inputs, and where it is to happen. */
export interface Wanted {
  readonly inputs: ContainerInputs;
  /** The cluster's name in the request's words; undefined: the default one. */
  readonly cluster: string | undefined;
}

export interface Driver {
  /** The path segment: `/drivers/<name>/<guresid>`. */
  readonly name: string;
  /** Reads a request. The problem names the JSON path, what was found and what is allowed; never a value. */
  toWanted(data: InputData): Result<Wanted>;
  /** JSON Schema of `{values, secrets}`, for registering the driver with the orchestrator. */
  readonly inputsSchema: JsonObject;
}

export type Catalog = ReadonlyMap<string, Driver>;

export function createCatalog(drivers: readonly Driver[]): Catalog {
  return new Map(drivers.map((driver) => [driver.name, driver]));
}
