/**
 * Sends webhooks. Their URLs are other people's, so that a name is resolved once, every address that it has is looked at, and
 * the connection goes to the one that was looked at: a name that means another address a moment later leads nowhere else.
 * No proxy, no redirect, no connection that was opened for something else.
 */
import { lookup as resolve, type LookupAddress } from "node:dns";
import { request as requestPlain, type IncomingMessage, type RequestOptions } from "node:http";
import { request as requestSecure } from "node:https";
import { isIP, type LookupFunction } from "node:net";
import type { Post, Posted } from "../../src/webhooks/deliver.ts";
import { isPublicAddress } from "./public-address.ts";

export interface PostOptions {
  /** Resolves names; the system's own if left out. */
  readonly resolve?: (name: string, done: (error: Error | null, addresses: LookupAddress[]) => void) => void;
}

export function createPost(options: PostOptions = {}): Post {
  const find = options.resolve ?? ((name, done) => resolve(name, { all: true }, done));
  return async (url, { headers, body, allowPrivate, signal }) => {
    const target = new URL(url);
    const host = target.hostname.replace(/^\[|\]$/g, "");
    // An address in the URL itself is never looked up.
    if (isIP(host) !== 0 && !allowPrivate && !isPublicAddress(host)) return { kind: "failed", problem: describe(host) };
    const send = target.protocol === "https:" ? requestSecure : requestPlain;
    const settings: RequestOptions = {
      method: "POST",
      headers: { ...headers, "content-length": body.length },
      lookup: createLookup(find, allowPrivate),
      agent: false,
      signal,
    };
    return new Promise<Posted>((done) => {
      const request = send(target, settings, (response) => {
        // Only the status counts; whatever else is sent is not waited for.
        response.on("error", () => undefined);
        response.destroy();
        done(toPosted(response));
      });
      request.on("error", (error) =>
        done({ kind: "failed", problem: signal.aborted ? "no answer in time" : describeError(error) }),
      );
      request.end(body);
    });
  };
}

function createLookup(find: NonNullable<PostOptions["resolve"]>, allowPrivate: boolean): LookupFunction {
  return (name, { all }, done) =>
    find(name, (error, addresses) => {
      const [first] = addresses ?? [];
      if (error !== null || first === undefined) return done(error ?? new Error(`${name} has no address`), "", 0);
      // One that is private spoils them all: which one would be connected to is nobody's choice but the name's owner's.
      const bad = addresses.find(({ address }) => !allowPrivate && !isPublicAddress(address));
      if (bad !== undefined) return done(new Error(describe(bad.address)), "", 0);
      if (all === true) done(null, addresses);
      else done(null, first.address, first.family);
    });
}

function describe(address: string): string {
  return `${address} is not a public address`;
}

function toPosted({ statusCode = 0, headers }: IncomingMessage): Posted {
  const seconds = /^\d{1,9}$/.exec(headers["retry-after"] ?? "")?.[0];
  const posted = { kind: "answered", status: statusCode } as const;
  return seconds === undefined ? posted : { ...posted, retryAfterSeconds: Number(seconds) };
}

function describeError(error: Error): string {
  const { cause } = error;
  return cause instanceof Error ? cause.message : error.message;
}
