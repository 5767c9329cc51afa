/** What runs tell that are Kubernetes Jobs. */
import { describe } from "vitest";
import { describeOpenSecrecy } from "../cases/secrecy.ts";
import { setStage } from "../cases/stage.ts";
import { describeStories } from "../cases/stories.ts";
import { startClusterServer } from "./support/case-server.ts";

describeStories("The standalone server on Kubernetes", startClusterServer, { launcher: "kubernetes" });

describe("The standalone server on Kubernetes, when it holds secrets", () => {
  describeOpenSecrecy(setStage(startClusterServer));
});
