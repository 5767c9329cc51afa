import { describeLauncher } from "../launcher/suite.ts";
import { openLauncherPlace } from "./support/launcher-place.ts";

describeLauncher("the Kubernetes launcher", async () => {
  const place = await openLauncherPlace();
  const { image, close } = place;
  return { first: place.create().launcher, second: place.create().launcher, image, inPods: true, close };
});
