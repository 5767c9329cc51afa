/** Where to go after signing in: a path of this server, whatever a link says. */
const longest = 2000;

export function readReturnPath(given: unknown): string {
  const isPath =
    typeof given === "string" && given.length <= longest && /^\/(?![/\\])[\x21-\x5b\x5d-\x7e]*$/.test(given);
  return isPath ? given : "/";
}
