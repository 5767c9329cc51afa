import { expect, test } from "vitest";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readAgentConfig } from "./config.ts";
import { buildGitPolicy, readGitTexts } from "./git-policy.ts";

test("what git is told reaches local runs as files, and pods as what the files hold", async () => {
  const directory = await mkdtemp(join(tmpdir(), "git-"));
  const [GIT_CA_FILE, GIT_KNOWN_HOSTS_FILE] = [join(directory, "ca.pem"), join(directory, "known_hosts")];
  const GIT_PROXY = "http://proxy.example:3128";
  await writeFile(GIT_CA_FILE, "an authority");
  await writeFile(GIT_KNOWN_HOSTS_FILE, "a host");
  const given = { NATS_URL: "nats://127.0.0.1:4222", GIT_CA_FILE, GIT_KNOWN_HOSTS_FILE, GIT_PROXY };
  const config = await readAgentConfig(given, directory);
  if (!config.ok) throw new Error(config.problem);
  expect(buildGitPolicy(config.value)).toEqual({
    caFile: GIT_CA_FILE,
    knownHostsFile: GIT_KNOWN_HOSTS_FILE,
    proxy: GIT_PROXY,
  });
  const texts = { certificateAuthorities: "an authority", knownHosts: "a host", proxy: GIT_PROXY };
  expect(readGitTexts(config.value)).toEqual(texts);
  await rm(directory, { recursive: true });
  expect(() => readGitTexts(config.value)).toThrow("ENOENT");
});

test.each(["proxy.example:3128", "http://user:pass@proxy.example", "socks5://x:1"])(
  "%s is no proxy for git",
  async (GIT_PROXY) => {
    const config = await readAgentConfig({ NATS_URL: "nats://127.0.0.1:4222", GIT_PROXY }, "/nowhere");
    expect(config).toMatchObject({ ok: false, problem: expect.stringContaining("GIT_PROXY") });
  },
);
