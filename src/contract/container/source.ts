/**
 * Where a run's code comes from: a git repository by https or ssh. What git would take for an option, another transport
 * or a local file is refused before a process starts.
 */
import * as v from "valibot";
import { atMostCharacters } from "../length.ts";
import { isLoopback } from "../loopback.ts";
import { refuse, succeed, type Result } from "../result.ts";
import { explained } from "./explained.ts";
import { RelativePath } from "./paths.ts";

/** A git URL taken apart: enough to bind a credential to its host. */
export interface GitUrl {
  readonly transport: "https" | "http" | "ssh";
  /** Host in lower case, with its port unless that is the transport's own. */
  readonly host: string;
  /** The user in an ssh URL; `git` where it names none. */
  readonly user?: string;
  /** The URL for git's command line: never holds a credential. */
  readonly href: string;
}

const hostPattern = /^([a-z0-9_]([a-z0-9._-]*[a-z0-9._])?|\[[0-9a-f:.]+\])$/i;
const userPattern = /^[A-Za-z0-9._][A-Za-z0-9._@+-]*$/;
const hyphenProblem = "must not hold a part that begins with a hyphen";

/**
 * Takes a git URL apart: `https://host/path`, `ssh://user@host:port/path` or `user@host:path`. Plain http is only for
 * loopback (tests and mirrors beside the agent), as anybody on the way could read the credential and change the code.
 */
export function parseGitUrl(text: string): Result<GitUrl> {
  if (/[\s\0-\x1f\x7f\\]/.test(text)) return refuse("must not hold white space, backslashes or control characters");
  if (text.startsWith("-")) return refuse("must not begin with a hyphen");
  if (/^[a-z0-9+.-]*::/i.test(text)) return refuse("must not name a git remote helper (::)");
  if (/[?#]/.test(text)) return refuse("must not hold a query or a fragment");
  const scp = /^([^@:/]+)@([^@:/]+):(?!\/\/)([^:].*)$/.exec(text);
  if (scp !== null) return parseScp({ user: scp[1] ?? "", host: scp[2] ?? "", path: scp[3] ?? "" });
  if (!URL.canParse(text)) return refuse("must be https://…, ssh://… or user@host:path");
  return parseUrl(new URL(text));
}

/** Kept in this form for git: here a path without a slash is below the user's home, in an ssh:// URL it can't be. */
function parseScp({ user, host, path }: { user: string; host: string; path: string }): Result<GitUrl> {
  if ([user, host, path].some((part) => part.startsWith("-"))) return refuse(hyphenProblem);
  if (!userPattern.test(user) || !hostPattern.test(host)) return refuse("must be https://…, ssh://… or user@host:path");
  return succeed({ transport: "ssh", host: host.toLowerCase(), user, href: `${user}@${host}:${path}` });
}

function parseUrl(url: URL): Result<GitUrl> {
  const transport = url.protocol.slice(0, -1);
  if (transport !== "https" && transport !== "http" && transport !== "ssh") {
    return refuse(`must be https or ssh, not ${transport}`);
  }
  if (url.password !== "" || (transport !== "ssh" && url.username !== "")) {
    return refuse("must not hold credentials: give username in source, and password or ssh_key in the secrets");
  }
  // git decodes percent signs after it has looked for what is dangerous; here nothing but plain text may be left.
  const decoded = [url.username, url.hostname, url.pathname].map(decodePercent);
  const [user = "", hostname = "", path = ""] = decoded;
  if (decoded.some((part) => part === undefined)) return refuse("must not hold percent signs that encode no text");
  if (user.startsWith("-") || hostname.startsWith("-") || path.startsWith("/-")) return refuse(hyphenProblem);
  if (!hostPattern.test(url.hostname)) return refuse("must name a host");
  if (user !== "" && !userPattern.test(user)) return refuse("must name a user of letters, digits and . _ @ + -");
  if (path === "/" || path === "") return refuse("must name a repository");
  if (transport === "http" && !isLoopback(url.hostname)) {
    return refuse("must be https: plain http is only for loopback addresses");
  }
  if (transport !== "ssh") return succeed({ transport, host: url.host, href: url.href });
  const host = url.host.toLowerCase().replace(/:22$/, "");
  return succeed({
    transport,
    host,
    user: user || "git",
    href: `ssh://${url.username || "git"}@${host}${url.pathname}`,
  });
}

/** Undefined where it isn't an encoding of text without control characters. */
function decodePercent(part: string): string | undefined {
  try {
    const text = decodeURIComponent(part);
    return /[\0-\x1f\x7f]/.test(text) ? undefined : text;
  } catch {
    return undefined;
  }
}

const GitUrlText = v.pipe(
  v.string(),
  atMostCharacters(2048),
  v.rawCheck(({ dataset, addIssue }) => {
    if (!dataset.typed) return;
    const parsed = parseGitUrl(dataset.value);
    if (!parsed.ok) addIssue({ message: parsed.problem });
  }),
);

const refProblem = "must be a branch, a tag or a commit";

/** A branch, a tag, a commit or a full ref, as `git check-ref-format` has it; never what git could take for an option. */
export const GitRef = v.pipe(
  v.string(),
  atMostCharacters(255),
  v.regex(/^[^\x00- \x7f~^:?*[\\]+$/, refProblem),
  v.check((ref) => ref.isWellFormed() && !/^-|^@$|\.\.|@\{|\.$/.test(ref), refProblem),
  v.check((ref) => ref.split("/").every((part) => part !== "" && !/^\.|\.lock$/.test(part)), refProblem),
);

const userName = v.pipe(v.string(), v.regex(/^[A-Za-z0-9._@+-]{1,128}$/, "must be a user name"));

/** `source` of the request's plain values. */
export const sourceValues = {
  url: v.pipe(GitUrlText, v.description("https://host/path, ssh://user@host/path or user@host:path")),
  ref: explained(GitRef, "A branch, a tag, a commit or a full ref; the repository's own default branch if left out"),
  path: explained(RelativePath, "The folder in the repository that the container works in"),
  username: explained(userName, "The user for https, beside secrets.source.password"),
  refresh: explained(v.boolean(), "The same request, after a success, runs again if its branch has moved"),
};

const password = v.pipe(v.string(), v.nonEmpty("must not be empty"), v.regex(/^[^\r\n\x00]*$/, "must be one line"));

/** `source` of the request's secrets. */
export const sourceSecrets = {
  ssh_key: explained(v.pipe(v.string(), v.nonEmpty("must not be empty")), "A private key, for ssh"),
  password: explained(password, "A password or token, for https"),
  known_hosts: explained(
    v.string(),
    "Host keys that are trusted, as in ssh's known_hosts file; the agent's own if left out",
  ),
};
