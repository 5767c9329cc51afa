import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLocalLauncher } from "../../k8s-agent/local/local-launcher.ts";
import { describeLauncher } from "./suite.ts";

describeLauncher("the local launcher", async () => {
  const directory = await mkdtemp(join(tmpdir(), "runs-"));
  const create = () => createLocalLauncher({ directory, logger: console });
  return { first: create(), second: create(), image: "busybox", close: () => rm(directory, { recursive: true }) };
});
