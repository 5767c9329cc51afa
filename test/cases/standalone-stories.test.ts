/** What runs tell, on the standalone server in the test's own process: its bus is there to look at. */
import { describe } from "vitest";
import { startStandaloneServer } from "../support/standalone-server.ts";
import { describeOpenSecrecy } from "./secrecy.ts";
import { setStage } from "./stage.ts";
import { describeStories } from "./stories.ts";

describeStories("The standalone server", () => startStandaloneServer(), { launcher: "local" });

describe("The standalone server, when it holds secrets", () => {
  describeOpenSecrecy(setStage(() => startStandaloneServer()));
});
