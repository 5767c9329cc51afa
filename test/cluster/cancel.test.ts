/** Cancelling runs that are Kubernetes Jobs. */
import { describeCancel } from "../cancel/stories.ts";
import { startClusterServer } from "./support/case-server.ts";

describeCancel("Cancelling on Kubernetes", startClusterServer);
