/** All cases against the standalone server as `npm start` starts it. */
import { describe } from "vitest";
import { startStandaloneProcess } from "../support/standalone-process.ts";
import { describeCases } from "./cases.ts";
import { describeSecrecy } from "./secrecy.ts";
import { setStage } from "./stage.ts";

// Containers must not see the server's own environment: each has exactly the contract's.
const start = () => startStandaloneProcess({ environment: { A_SECRET_OF_THE_SERVER: "not for containers" } });

describeCases("The standalone server", start, { launcher: "local", ambient: ["PATH"] });

describe("The standalone server, when it holds secrets", () => {
  describeSecrecy(setStage(start));
});
