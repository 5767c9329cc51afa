import { expect, test } from "vitest";
import { measureQuantity } from "./quantity.ts";
import { completeResources, defaultResources } from "./resources.ts";

test.for([
  ["500m", 0.5],
  ["1Gi", 1024 ** 3],
  ["2e3", 2000],
  ["1.5G", 1.5e9],
  ["0", 0],
  ["3E", 3e18],
] as const)("%s is %d", ([text, size]) => {
  expect(measureQuantity(text)).toBeCloseTo(size);
});

test.for(["", "1gb", "-1", "1 Gi", "Gi", "1Gi2", "1e", "0x10", "٣"])("%j is no quantity", (text) => {
  expect(measureQuantity(text)).toBeUndefined();
});

test("a container that says nothing gets requests and limits", () => {
  expect(completeResources()).toEqual(defaultResources);
});

test("a limit below our request takes the request down with it", () => {
  const { requests, limits } = completeResources({ limits: { memory: "64Mi" } });
  expect([requests?.["memory"], limits?.["memory"]]).toEqual(["64Mi", "64Mi"]);
});

test("a request above our limit takes the limit up with it", () => {
  const { requests, limits } = completeResources({ requests: { cpu: "8", "nvidia.com/gpu": "1" } });
  expect([requests?.["cpu"], limits?.["cpu"]]).toEqual(["8", "8"]);
  expect(requests).toMatchObject({ "nvidia.com/gpu": "1", memory: "256Mi" });
});

test("a request above its own limit is left to the API server, which names it", () => {
  const { requests, limits } = completeResources({ requests: { cpu: "3" }, limits: { cpu: "1" } });
  expect([requests?.["cpu"], limits?.["cpu"]]).toEqual(["3", "1"]);
});
