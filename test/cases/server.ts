/** A server under test, as the suites need it: whichever front door, bus and launcher it is made of. */
import type { Bus } from "../../src/bus/port.ts";
import type { Witness } from "../support/witness.ts";

/** All that a suite through HTTP alone needs. */
export interface CaseServer {
  /** `http://host:port` */
  readonly url: string;
  /** This machine's address for its containers; left out: loopback. */
  readonly host?: string;
  /** How long it takes until a container runs, seconds; left out: it runs at once. */
  readonly startSeconds?: number;
  /** What a request needs besides, so that its container finds its image and its witness. */
  readonly adapt?: (body: unknown) => unknown;
  /** A new place for containers of this server to write to. */
  createWitness(): Promise<Witness>;
  /** What the server has written to its own log so far. */
  ownLog(): string;
  /** Stops it, and removes what it has left on this machine. */
  stop(): Promise<void>;
}

/** What suites need that look behind HTTP, at events and logs. */
export interface OpenServer extends CaseServer {
  readonly bus: Bus;
  /** The cluster that its runs go to. */
  readonly cluster: string;
  /** Another front door over the same bus, with objects of its own: as after a restart. */
  startFrontDoor(): Promise<{ readonly url: string; stop(): Promise<void> }>;
}

/** What else a launcher of local processes lets a test look at. */
export interface LocalTraces {
  /** Where the runs are while they last. */
  readonly runsDirectory: string;
  /** `.local/` */
  readonly localDirectory: string;
}

export type Start<S extends CaseServer = CaseServer> = () => Promise<S>;
