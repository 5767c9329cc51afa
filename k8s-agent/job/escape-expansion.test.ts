import fc from "fast-check";
import { expect, test } from "vitest";
import { escapeExpansion } from "./escape-expansion.ts";

/** As the kubelet does it: `$$` is a dollar sign, `$(NAME)` a variable, or stays where there is none of that name. */
function expand(text: string, variables: Readonly<Record<string, string>>): string {
  return text.replace(/\$(\$|\(([^)]*)\))/g, (all, what: string, name: string) =>
    what === "$" ? "$" : (variables[name] ?? all),
  );
}

test.for([
  ["$(ACTION)", "$$(ACTION)"],
  ["pa$$word", "pa$$$word"],
  ["$$(A)", "$$$$(A)"],
  ["${HOME} $HOME cost$", "${HOME} $HOME cost$"],
])("%s becomes %s", ([text, escaped]) => {
  expect(escapeExpansion(text ?? "")).toBe(escaped);
});

test("what Kubernetes makes of it is what was meant", () => {
  const text = fc.array(fc.constantFrom("$", "(", ")", "A", "$(A)", "$$", " "), { maxLength: 12 });
  fc.assert(
    fc.property(text, (parts) => {
      expect(expand(escapeExpansion(parts.join("")), { A: "expanded" })).toBe(parts.join(""));
    }),
    { numRuns: 2000 },
  );
});
