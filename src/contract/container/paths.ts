/** Paths that a request may name. Checked here before anything runs, and again against the real file system in setup. */
import * as v from "valibot";
import { atMostCharacters } from "../length.ts";

/** What some file systems pass over in a name: `.g\u200cit` is `.git` to them (git's own list for HFS+). */
const ignored = /[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]/g;

/** A path below the shared directory: relative, with no `..`, no NUL, nothing empty in it and no way into `.git`. */
export const RelativePath = v.pipe(
  v.string(),
  atMostCharacters(1024),
  // Published in the JSON Schema of the inputs: no lookaheads, which Go doesn't know.
  v.regex(
    /^[^/\\\x00-\x1f\x7f]+(\/[^/\\\x00-\x1f\x7f]+)*$/,
    "must be relative to the shared directory, without empty parts, control characters or backslashes",
  ),
  v.check((path) => path.isWellFormed(), "must be Unicode text"),
  v.check((path) => path.split("/").every((part) => part !== "." && part !== ".."), "must not hold '..' or '.'"),
  v.check(
    (path) => path.split("/").every((part) => part.replace(ignored, "").toLowerCase() !== ".git"),
    "must not lead into a .git directory",
  ),
);

/** An absolute path of a directory in the container, normalised, and not the root. */
export const AbsoluteDirectory = v.pipe(
  v.string(),
  v.regex(/^(\/[A-Za-z0-9._+@-]+)+$/, "must be an absolute path, such as /home/runneruser/workspace"),
  atMostCharacters(256),
  v.check((path) => path.split("/").every((part) => part !== "." && part !== ".."), "must not hold '..' or '.'"),
);
