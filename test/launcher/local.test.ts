import { describeLauncher } from "./suite.ts";
import { openLocalPlace } from "./local-place.ts";

describeLauncher("the local launcher", async () => {
  const place = await openLocalPlace();
  return { first: place.create(), second: place.create(), image: "busybox", close: () => place.close() };
});
