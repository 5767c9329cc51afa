/** All cases against the standalone server whose runs are Kubernetes Jobs. */
import { describeCases } from "../cases/cases.ts";
import { startClusterServer } from "./support/case-server.ts";

/** Where the API server is: Kubernetes tells it every container. */
const address = ["", "_ADDR", "_PORT", "_PROTO"].map((part) => `KUBERNETES_PORT_443_TCP${part}`);
const service = ["KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT", "KUBERNETES_SERVICE_PORT_HTTPS"];
const apiServerVariables = ["KUBERNETES_PORT", ...address, ...service];

describeCases("The standalone server on Kubernetes", startClusterServer, {
  launcher: "kubernetes",
  ambient: ["PATH", "HOSTNAME", ...apiServerVariables],
});
