/** One server for a whole suite: starting one takes longer than most cases. */
import { afterAll, beforeAll } from "vitest";
import { createDriverClient, type DriverClient } from "../support/driver-client.ts";
import type { CaseServer, Start } from "./server.ts";

export interface Stage<S extends CaseServer = CaseServer> {
  readonly server: S;
  readonly driver: DriverClient;
}

export type GetStage<S extends CaseServer = CaseServer> = () => Stage<S>;

/** Starts a server before the suite's first test and stops it after the last one. */
export function setStage<S extends CaseServer>(start: Start<S>): GetStage<S> {
  let stage: Stage<S> | undefined;
  beforeAll(async () => {
    const server = await start();
    stage = { server, driver: createDriverClient(server.url, server) };
  });
  afterAll(() => stage?.server.stop());
  return () => {
    if (stage === undefined) throw new Error("Cannot use the server: it has not started");
    return stage;
  };
}

/** Where servers that containers call have to listen. */
export function getHost(getStage: GetStage): { host?: string } {
  const { host } = getStage().server;
  return host === undefined ? {} : { host };
}
