import { expect, test } from "vitest";
import { createRewriter } from "./rewrite-paths.ts";

const rewrite = createRewriter([
  ["/a/b", "/real/workspace"],
  ["/run/container-driver", "/real/exchange"],
]);

test.each([
  ["/a/b", "/real/workspace"],
  ["/a/b/", "/real/workspace/"],
  ["/a/b/c.sh", "/real/workspace/c.sh"],
  ["-chdir=/a/b", "-chdir=/real/workspace"],
  [
    "cd /a/b && ls '/a/b/x' \"/a/b\";/a/b",
    "cd /real/workspace && ls '/real/workspace/x' \"/real/workspace\";/real/workspace",
  ],
  ["/a/b/bin:/usr/bin:/a/b", "/real/workspace/bin:/usr/bin:/real/workspace"],
  ["file:///a/b/x", "file:///real/workspace/x"],
  ["/a/b,/a/b", "/real/workspace,/real/workspace"],
  ["(/a/b)\n/a/b\t/a/b", "(/real/workspace)\n/real/workspace\t/real/workspace"],
  ["/run/container-driver/outputs.json", "/real/exchange/outputs.json"],
])("%j becomes %j", (text, expected) => {
  expect(rewrite(text)).toBe(expected);
});

test.each([
  "/a/bc",
  "/a/b.txt",
  "/a/b-c",
  "/a/b_c",
  "/a/b~",
  "/a/bé",
  "/x/a/b",
  "x/a/b",
  "../a/b",
  "//a/b",
  "https://host/a/b",
  "https://a/b",
  "/A/B",
  "/a//b",
  "/run/container-drivers",
  "",
])("%j stays as it is", (text) => {
  expect(rewrite(text)).toBe(text);
});

test("the longest directory wins, and what was replaced is not replaced again", () => {
  const nested = createRewriter([
    ["/run", "/tmp/run/workspace"],
    ["/run/container-driver", "/run/exchange"],
  ]);
  expect(nested("/run/x /run/container-driver/x")).toBe("/tmp/run/workspace/x /run/exchange/x");
});

test("characters that mean something in a pattern or a replacement are just characters", () => {
  const odd = createRewriter([["/a.b+c@d", "/x$&$1"]]);
  expect(odd("/a.b+c@d/y /aXb+c@d /a.bbc@d")).toBe("/x$&$1/y /aXb+c@d /a.bbc@d");
});
