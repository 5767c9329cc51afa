/** Turns what git and ssh print (in English, as their locale is set) into a sentence that says what to do. */
import { missingExitCode, type GitEnd } from "./run-git.ts";

const sentences: readonly (readonly [pattern: RegExp, sentence: string])[] = [
  [
    /could not read (?:Username|Password) for '[a-z]+:\/\/([^']*)'/,
    "$1 asks for credentials, and there are none for it: give source.username, and password in driver.secrets.source",
  ],
  [/Authentication failed/, "the server refuses the username and password"],
  [/returned error: 403/, "the server forbids it (403): these credentials may not read this repository"],
  [/Load key .*: (.*)/, "driver.secrets.source.ssh_key can't be used ($1): it must be a private key"],
  // ssh says nothing of a passphrase that it can't ask for.
  [/Permission denied \(/, "the server refuses the ssh key, or the key has a passphrase"],
  [/Host key verification failed/, "the host's key is not the one in known_hosts"],
  [/repository '.*' not found|returned error: 404/, "there is no such repository, or these credentials may not see it"],
  [
    /does not appear to be a git repository|repository not found/i,
    "there is no such repository, or these credentials may not see it",
  ],
  [/Could not resolve host(?:name)?:? ([^\s:]*)/, "the host $1 is unknown"],
  [
    /(?:Failed to connect|connect to host).*?(Connection refused|timed out|No route to host|unreachable)/i,
    "the host can't be reached ($1)",
  ],
  [/Failed to connect|Connection timed out/i, "the host can't be reached"],
  [/certificate/i, "the server's certificate is not one that is trusted here"],
  [/Protocol .* (?:not supported|disabled)/, "the server redirects to a protocol that is not allowed"],
  [/Operation too slow|timed out/i, "the server fell silent"],
  [/: invalid path '(.*)'/, "it holds a path that git refuses: $1"],
  [/No space left on device/, "no space is left on the disk"],
];

/** One sentence without a full stop. It may quote the server: whoever shows it takes the secrets out. */
export function describeGitFailure(end: GitEnd): string {
  if (end.exitCode === missingExitCode) return "git is not installed here";
  // A server's words are not trusted with a terminal.
  const stderr = end.stderr.replace(/[^\P{Cc}\n]/gu, " ");
  for (const [pattern, sentence] of sentences) {
    const match = pattern.exec(stderr);
    if (match !== null) return sentence.replace("$1", () => match[1] ?? "");
  }
  const lines = stderr.split("\n").map((line) => line.trim());
  const said = lines.filter((line) => line !== "" && !/^(hint|warning):/.test(line)).join("; ");
  return said === "" ? `git ended with exit code ${end.exitCode} and said nothing` : `git says: ${said.slice(0, 500)}`;
}
