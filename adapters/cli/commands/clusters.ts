/** `clusters`: where runs happen, and who is there. */
import { ClusterList } from "../../../src/contract/runs-api/cluster-list.ts";
import type { Context } from "../context.ts";
import { exitCodes, type ExitCode } from "../exit-codes.ts";
import { describeDuration } from "../../../src/runs/words/describe-duration.ts";
import { cleanLine } from "../../../src/runs/words/safe-text.ts";
import { formatTable } from "../terminal/table.ts";

const header = ["CLUSTER", "AGENT", "VERSION", "LAUNCHER", "CAPACITY", "LAST SEEN"];

export async function showClusters({ client, screen, signal, now }: Context): Promise<ExitCode> {
  const list = await client.read(ClusterList, { path: "/clusters", signal });
  if (screen.json) {
    screen.printJson(list);
    return exitCodes.succeeded;
  }
  const rows = list.clusters.flatMap(({ name, agents }) =>
    agents.length === 0
      ? [[name, "none: runs wait", "", "", "", ""]]
      : agents.map((agent) => [
          name,
          agent.name,
          agent.version,
          agent.launcher,
          String(agent.capacity),
          `${describeDuration(now().getTime() - Date.parse(agent.lastSeen))} ago`,
        ]),
  );
  const [head = "", ...lines] = formatTable(
    header,
    rows.map((row) => row.map(cleanLine)),
  );
  screen.print(screen.paint("bold", head));
  for (const line of lines) screen.print(line);
  if (list.unreachable !== undefined)
    screen.note(screen.paintNote("yellow", `Not asked, as they can't be reached: ${list.unreachable.join(", ")}`));
  return exitCodes.succeeded;
}
