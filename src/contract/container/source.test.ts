import * as v from "valibot";
import { describe, expect, test } from "vitest";
import { GitRef, parseGitUrl } from "./source.ts";

describe("a git URL", () => {
  const good: [text: string, parts: Record<string, string>][] = [
    ["https://git.example/org/repo.git", { transport: "https", host: "git.example" }],
    ["https://GIT.example:8443/repo", { transport: "https", host: "git.example:8443" }],
    ["https://git.example:443/repo", { transport: "https", host: "git.example" }],
    ["https://[2001:db8::1]/repo", { transport: "https", host: "[2001:db8::1]" }],
    ["https://git.example/a%20b/~me/r", { transport: "https", host: "git.example" }],
    ["http://127.0.0.1:3000/repo", { transport: "http", host: "127.0.0.1:3000" }],
    ["http://localhost/repo", { transport: "http", host: "localhost" }],
    ["http://[::1]:80/repo", { transport: "http", host: "[::1]" }],
    ["ssh://git@Git.example/repo", { transport: "ssh", host: "git.example", user: "git" }],
    ["ssh://me@git.example:2222/~/repo", { transport: "ssh", host: "git.example:2222", user: "me" }],
    ["ssh://git.example:22/repo", { transport: "ssh", host: "git.example", user: "git" }],
    ["ssh://me%40corp.example@git.example/r", { transport: "ssh", host: "git.example", user: "me@corp.example" }],
    ["ssh://git@[2001:db8::1]:2222/r", { transport: "ssh", host: "[2001:db8::1]:2222", user: "git" }],
    ["git@git.example:org/repo.git", { transport: "ssh", host: "git.example", user: "git" }],
    ["git@git.example:/srv/repo", { transport: "ssh", host: "git.example", user: "git" }],
  ];
  test.for(good)("%s is taken apart", ([text, parts]) => {
    expect(parseGitUrl(text)).toMatchObject({ ok: true, value: parts });
  });

  test("git is given the user that ssh shall use, and an scp-like path as it is", () => {
    const href = (text: string) => {
      const parsed = parseGitUrl(text);
      return parsed.ok ? parsed.value.href : parsed.problem;
    };
    expect(href("ssh://git.example/repo")).toBe("ssh://git@git.example/repo");
    expect(href("ssh://me@git.example:2222/a/../repo")).toBe("ssh://me@git.example:2222/repo");
    expect(href("me@git.example:repo")).toBe("me@git.example:repo");
  });

  const bad: [text: string, problem: RegExp][] = [
    ["ext::sh -c touch% /tmp/x", /white space/],
    ["ext::sh", /remote helper/],
    ["EXT::https://git.example/r", /remote helper/],
    ["::https://git.example/r", /remote helper/],
    ["fd::17", /remote helper/],
    ["file:///etc/passwd", /https or ssh, not file/],
    ["/etc/passwd", /must be https/],
    ["./repo", /must be https/],
    ["git://git.example/repo", /not git/],
    ["ftp://git.example/repo", /not ftp/],
    ["javascript:alert(1)", /not javascript/],
    ["git+ssh://git.example/repo", /not git\+ssh/],
    ["--upload-pack=touch", /hyphen/],
    ["-oProxyCommand=x@host:repo", /hyphen/],
    ["user@-oProxyCommand=x:repo", /hyphen/],
    ["user@host:-repo", /hyphen/],
    ["ssh://-oProxyCommand=x/repo", /hyphen/],
    ["ssh://%2doProxyCommand=x/repo", /hyphen/],
    ["ssh://-l@git.example/repo", /hyphen/],
    ["ssh://%2dl@git.example/repo", /hyphen/],
    ["ssh://git.example/-repo", /hyphen/],
    ["ssh://git.example/%2drepo", /hyphen/],
    ["ssh://a%20b@git.example/repo", /user/],
    ["ssh://host%20x/repo", /host/],
    ["ssh:///repo", /host/],
    ["https://git.example/%0a%0dX", /percent/],
    ["https://git.example/%ff", /percent/],
    ["https://git.example/re\npo", /control/],
    ["https://git.example/re\rpo", /control/],
    ["https://git.example/repo\0", /control/],
    [" https://git.example/repo", /white space/],
    ["https:\\\\git.example\\repo", /backslashes/],
    ["https://user:canary@git.example/r", /must not hold credentials/],
    ["https://canary@git.example/r", /must not hold credentials/],
    ["ssh://git:canary@git.example/r", /must not hold credentials/],
    ["http://git.example/repo", /must be https/],
    ["http://127.0.0.1.evil.example/repo", /must be https/],
    ["http://localhost.evil.example/repo", /must be https/],
    ["https://git.example", /repository/],
    ["https://git.example/", /repository/],
    ["https://git.example/r?x=1", /query/],
    ["https://git.example/r?", /query/],
    ["https://git.example/r#x", /query/],
    ["", /must be https/],
    ["git@host", /must be https/],
    ["git@host:", /must be https/],
  ];
  test.for(bad)("%s is refused", ([text, problem]) => {
    const parsed = parseGitUrl(text);
    expect(parsed.ok ? "" : parsed.problem).toMatch(problem);
    expect(parsed.ok ? "" : parsed.problem).not.toContain("canary");
  });
});

describe("a git ref", () => {
  const commit = "0123456789abcdef0123456789abcdef01234567";
  const good = [
    "main",
    "HEAD",
    "v1.2.3",
    "feature/a+b=c#4",
    "refs/heads/main",
    "refs/pull/7/head",
    commit,
    "größe",
    "a@b",
  ];
  test.for([...good, "fix,(all)!", "+plus"])("%s is taken", (ref) => {
    expect(v.is(GitRef, ref)).toBe(true);
  });

  const options = ["--upload-pack=x", "-u", "-"];
  const forms = ["", "a b", "a\nb", "a\r", "a\0", "a~1", "a^{}", "^a", "a:b", ":a", "a?", "a*", "a[b", "a\\b"];
  const rules = ["a..b", "a@{1}", "@", "a.", "a.lock", "a.lock/b", ".a", "a/.b", "/a", "a/", "a//b", "\ud800"];
  test.for([...options, ...forms, ...rules, "x".repeat(256)])("%j is refused", (ref) => {
    expect(v.is(GitRef, ref)).toBe(false);
  });
});
