/** Kubernetes' quantities, such as `500m`, `1Gi` or `2e3`. */

const pattern = /^\+?(\d+\.?\d*|\.\d+)(?:(Ki|Mi|Gi|Ti|Pi|Ei|n|u|m|k|M|G|T|P|E)|[eE]([+-]?\d{1,3}))?$/;

const factors: Readonly<Record<string, number>> = {
  ...Object.fromEntries(["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"].map((suffix, at) => [suffix, 1024 ** (at + 1)])),
  ...Object.fromEntries(["n", "u", "m"].map((suffix, at) => [suffix, 1000 ** (at - 3)])),
  ...Object.fromEntries(["k", "M", "G", "T", "P", "E"].map((suffix, at) => [suffix, 1000 ** (at + 1)])),
};

/** Its size, near enough to tell which of two is larger; undefined for what is none. Never negative. */
export function measureQuantity(text: string): number | undefined {
  const match = pattern.exec(text);
  if (match === null) return undefined;
  const [, digits = "", suffix = "", exponent = "0"] = match;
  return Number(digits) * (factors[suffix] ?? 1) * 10 ** Number(exponent);
}
