/** Code from a git server that the test starts, over http and ssh, with the request's files laid over it. */
import { describe, expect, it, onTestFinished } from "vitest";
import { startGitServer, startSshGitServer } from "../git/server.ts";
import { createGuresid, readMessage, readValues } from "../support/driver-client.ts";
import { buildScriptRequest } from "../support/script-request.ts";
import { getHost, type GetStage } from "./stage.ts";

const files = {
  "README.md": "not at the sub-path\n",
  "modules/db/run.sh":
    'printf \'{"from": "%s", "common": "%s"}\' "$(cat name.txt)" "$(cat ../common.txt)" > "$OUTPUTS_FILE"\n',
  "modules/db/name.txt": "git",
  "modules/common.txt": "shared by modules",
};

/** A request whose script comes from git. */
function buildGitRequest(source: Record<string, string | boolean>, secret: Record<string, string>, over = {}) {
  const { driver, ...request } = buildScriptRequest("");
  const job = { ...driver.values.job, args: ["run.sh"] };
  return { ...request, driver: { values: { job, source, files: over }, secrets: { source: secret } } };
}

/** `launcher`: a pod is no loopback address, where alone code may come over plain http. */
export function describeGitSource(getStage: GetStage, { launcher }: { launcher: "local" | "kubernetes" }): void {
  if (launcher === "local") describeHttpSource(getStage);
  describe("a git source", () => {
    // Where there is no sshd, the first start of the server fetches one.
    it("over ssh, by branch, tag and commit", { timeout: 120_000 }, async () => {
      const { driver } = getStage();
      const git = await startSshGitServer(getHost(getStage));
      onTestFinished(() => git.close());
      const repository = await git.createRepo("app", files);
      const first = repository.head;
      await repository.git(["tag", "v1"]);
      await repository.commit({ "modules/db/name.txt": "moved on" });
      const secret = { ssh_key: git.privateKey, known_hosts: git.knownHosts };
      for (const [ref, from] of [
        ["main", "moved on"],
        ["v1", "git"],
        [first, "git"],
      ] as const) {
        const source = { url: git.url("app"), ref, path: "modules/db" };
        const answer = await driver.provision(createGuresid(), buildGitRequest(source, secret));
        expect(readValues(answer)).toMatchObject({ from });
      }
    });

    it("with `refresh` runs again only when its branch has moved", async () => {
      const { driver, server } = getStage();
      const witness = await server.createWitness();
      const git = await startSshGitServer(getHost(getStage));
      onTestFinished(() => git.close());
      const secret = { ssh_key: git.privateKey, known_hosts: git.knownHosts };
      const script = (n: number) => `echo ${n} >> $WITNESS/runs; echo '{"n": ${n}}' > "$OUTPUTS_FILE"\n`;
      const repository = await git.createRepo("app", { "run.sh": script(1) });
      const { driver: inputs, ...rest } = buildGitRequest({ url: git.url("app"), ref: "main", refresh: true }, secret);
      const job = { ...inputs.values.job, variables: { WITNESS: witness.path } };
      const request = { ...rest, driver: { ...inputs, values: { ...inputs.values, job } } };
      const guresid = createGuresid();
      expect(readValues(await driver.provision(guresid, request))).toEqual({ n: 1 });
      expect(readValues(await driver.provision(guresid, request))).toEqual({ n: 1 });
      await repository.commit({ "run.sh": script(2) });
      expect(readValues(await driver.provision(guresid, request))).toEqual({ n: 2 });
      expect(await witness.read("runs")).toBe("1\n2\n");
    });
  });
}

function describeHttpSource(getStage: GetStage): void {
  describe("a git source over http", () => {
    it("over http with a password, at a sub-path, has files laid over it relative to the shared directory", async () => {
      const { driver } = getStage();
      const auth = { username: "robot", password: "hunter2-hunter2" };
      const git = await startGitServer({ auth });
      onTestFinished(() => git.close());
      await git.createRepo("app", files);
      const source = { url: git.url("app"), ref: "main", path: "modules/db", username: auth.username };
      const secret = { password: auth.password };
      const plain = await driver.provision(createGuresid(), buildGitRequest(source, secret));
      expect(readValues(plain)).toEqual({ from: "git", common: "shared by modules" });
      const over = { "modules/db/name.txt": "laid over" };
      const laid = await driver.provision(createGuresid(), buildGitRequest(source, secret, over));
      expect(readValues(laid)).toEqual({ from: "laid over", common: "shared by modules" });
    });

    it("that can't be had fails with a reason that holds no credential", async () => {
      const { driver } = getStage();
      const git = await startGitServer({
        auth: { username: "robot", password: "hunter2-hunter2" },
      });
      onTestFinished(() => git.close());
      await git.createRepo("app", files);
      const secret = { password: "wrong-password-here" };
      const source = { url: git.url("app"), username: "robot" };
      const refused = await driver.provision(createGuresid(), buildGitRequest(source, secret));
      expect(refused.status).toBe(400);
      expect(readMessage(refused)).toContain("127.0.0.1");
      expect(refused.text).not.toContain("wrong-password-here");
      const right = { password: "hunter2-hunter2" };
      const nowhere = await driver.provision(createGuresid(), buildGitRequest({ ...source, ref: "nowhere" }, right));
      expect(readMessage(nowhere)).toContain("nowhere");
      const noPath = { ...source, path: "missing/part" };
      const missing = await driver.provision(createGuresid(), buildGitRequest(noPath, right));
      expect(readMessage(missing)).toMatch(/source\.path.*missing/);
    });
  });
}
