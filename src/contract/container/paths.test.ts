import * as v from "valibot";
import { expect, test } from "vitest";
import { AbsoluteDirectory, RelativePath } from "./paths.ts";

test.for(["run.sh", "gcp-gcs/terraform.tfvars.json", ".github/x", ".gitignore", "a b/ü", "..a", "git", "-x"])(
  "%s is a path below the shared directory",
  (path) => {
    expect(v.is(RelativePath, path)).toBe(true);
  },
);

const leaving = ["", ".", "..", "a/..", "../a", "a/../../b", "./a", "a//b", "a/", "/a", "//a", "a\\..\\b"];
const controls = ["a\0b", "a\nb", "a\rb", "\x7f", "\ud800", "x".repeat(1025)];
const inGit = [
  ".git",
  ".git/config",
  "a/.git/hooks/x",
  ".GIT/config",
  ".giT",
  ".g\u200cit/x",
  "\ufeff.git",
  ".git\u202e",
];
test.for([...leaving, ...controls, ...inGit])("%j is refused", (path) => {
  expect(v.is(RelativePath, path)).toBe(false);
});

test("a shared directory is absolute, normalised and not the root", () => {
  const tried = ["/home/runneruser/workspace", "/w", "/", "", "w", "/w/", "/w/../x", "/w/./x", "//w", "/w w", "/w\n"];
  expect(tried.filter((path) => v.is(AbsoluteDirectory, path))).toEqual(["/home/runneruser/workspace", "/w"]);
});
