/** Paths that a request may name. Checked here before anything runs, and again against the real file system in setup. */
import * as v from "valibot";

/** What some file systems pass over in a name: `.g\u200cit` is `.git` to them (git's own list for HFS+). */
const ignored = /[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]/g;

/** A path below the shared directory: relative, with no `..`, no NUL, nothing empty in it and no way into `.git`. */
export const RelativePath = v.pipe(
  v.string(),
  v.maxLength(1024, "is longer than 1024 characters"),
  v.check((path) => !path.startsWith("/"), "must be relative to the shared directory"),
  v.check((path) => !/[\0-\x1f\x7f\\]/.test(path), "must not hold control characters or backslashes"),
  v.check((path) => path.isWellFormed(), "must be Unicode text"),
  v.check(
    (path) => path.split("/").every((part) => part !== "" && part !== "." && part !== ".."),
    "must not hold '..', '.' or empty parts",
  ),
  v.check(
    (path) => path.split("/").every((part) => part.replace(ignored, "").toLowerCase() !== ".git"),
    "must not lead into a .git directory",
  ),
);

/** An absolute path of a directory in the container, normalised, and not the root. */
export const AbsoluteDirectory = v.pipe(
  v.string(),
  v.regex(/^(\/[A-Za-z0-9._+@-]+)+$/, "must be an absolute path, such as /home/runneruser/workspace"),
  v.maxLength(256, "is longer than 256 characters"),
  v.check((path) => !path.split("/").some((part) => part === "." || part === ".."), "must not hold '.' or '..'"),
);
