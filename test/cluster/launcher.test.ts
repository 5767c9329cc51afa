import { describeLauncher } from "../launcher/suite.ts";
import { dropInnerTimestamps } from "./logs/numbered-lines.ts";
import { openLauncherPlace } from "./support/launcher-place.ts";

describeLauncher("the Kubernetes launcher", async () => {
  const place = await openLauncherPlace();
  const { image, close } = place;
  const [first, second] = [place.create().launcher, place.create().launcher];
  return { first, second, image, inPods: true, clean: dropInnerTimestamps, close };
});
