import { startStandaloneServer } from "../support/standalone-server.ts";
import { describeCancel } from "./stories.ts";

describeCancel("Cancelling on the standalone server", () => startStandaloneServer());
