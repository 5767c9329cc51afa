/** All cases against the standalone server whose runs are Kubernetes Jobs. */
import { describeCases } from "../cases/cases.ts";
import { startClusterServer } from "./support/case-server.ts";

describeCases("The standalone server on Kubernetes", startClusterServer, {
  launcher: "kubernetes",
  ambient: ["PATH", "HOSTNAME"],
});
