/** Named lists as Kubernetes' strategic merge has them: what has one name is one thing, and the later word stays. */
export function mergeByName<T extends { readonly name?: string }>(ours: readonly T[], given: readonly T[] = []): T[] {
  const names = new Set(ours.map(({ name }) => name));
  const last = new Map(given.map((one) => [one.name, one]));
  return [...ours.map((one) => last.get(one.name) ?? one), ...given.filter(({ name }) => !names.has(name))];
}
