import { describe, expect, test } from "vitest";
import { check, decodeMessage, encodeMessage } from "../decode.ts";
import { parseJson, type JsonObject, type JsonValue } from "../json.ts";
import { ContainerInputs, ContainerRequest } from "./inputs.ts";
import { realRequests } from "./requests.fixture.ts";

/** What is wrong with a request's values and secrets; "taken" when nothing is. */
function tryOut(values: unknown, secrets: unknown = {}): string {
  const checked = check(ContainerRequest, { driver: { values, secrets } });
  return checked.ok ? "taken" : checked.problem;
}

const tryJob = (job: JsonObject) => tryOut({ job: { image: "i", ...job } });
const tryValues = (values: JsonObject) => tryOut({ job: { image: "i" }, ...values });

test.for(Object.entries(realRequests))("a request as definitions make it is taken: %s", ([, { driver }]) => {
  const { secrets = {} } = driver as { secrets?: JsonObject };
  const checked = check(ContainerRequest, { driver: { values: driver.values, secrets } });
  expect(checked).toEqual({ ok: true, value: { driver: { values: driver.values, secrets } } });
});

test.for(Object.entries(realRequests))("inputs come out of their bytes as they went in: %s", ([, request]) => {
  const { type, resource, driver } = request;
  const inputs = { type, resource, secrets: {}, ...driver };
  expect(decodeMessage(ContainerInputs, encodeMessage(inputs))).toEqual({ ok: true, value: inputs });
});

test("inputs keep every digit of what is passed on as it is", () => {
  const text =
    '{"type":"s3","resource":{"n":9007199254740993,"constructor":1.0},"values":{"job":{"image":"i","pod_template":{"f":1e400}},"cluster":{"name":"a","x":-0}},"secrets":{"account":{"k":0.10}}}';
  const decoded = decodeMessage(ContainerInputs, new TextEncoder().encode(text));
  expect(new TextDecoder().decode(encodeMessage(decoded.ok ? decoded.value : decoded.problem))).toBe(text);
});

describe("job", () => {
  test.for<JsonObject>([
    { command: [], args: [] },
    { command: ["/bin/sh", "-c", "echo 'a b'\n"], args: ["", "ü😀", "--x=1"] },
    { shared_directory: "/w", namespace: "a", service_account: "system.runner-1" },
    { variables: {} },
    { variables: { A: "", "TF_VAR_a-b": "1", "a.b": "2", constructor: "3", toString: "4" } },
    { pod_template: "" },
    { pod_template: "spec: {}\n" },
    { pod_template: { spec: { anything: [null, 1] } } },
    { image: "registry.example:5000/a/b@sha256:0123" },
  ])("may hold %j", (job) => {
    expect(tryJob(job)).toBe("taken");
  });

  const path = "driver.values.job";
  test.for<[JsonObject, string]>([
    [{ image: "" }, `${path}.image must not be empty`],
    [{ image: "a b" }, `${path}.image must not hold white space`],
    [{ image: null }, `${path}.image is null, must be a string`],
    [{ image: "x".repeat(1025) }, `${path}.image is 1025 characters, the limit is 1024 characters`],
    [{ command: "/bin/sh" }, `${path}.command is a string, must be a list`],
    [{ command: ["a", 1] }, `${path}.command[1] is a number, must be a string`],
    [{ args: { 0: "a" } }, `${path}.args is an object, must be a list`],
    [{ args: ["a\0b"] }, `${path}.args[0] must not hold a NUL character`],
    [{ args: ["\ud800"] }, `${path}.args[0] must not hold half a surrogate pair`],
    [{ shared_directory: "w" }, `${path}.shared_directory must be an absolute path, such as`],
    [{ shared_directory: "/" }, `${path}.shared_directory must be an absolute path, such as`],
    [{ shared_directory: "/a/../etc" }, `${path}.shared_directory must not hold '..' or '.'`],
    [{ namespace: "Runners" }, `${path}.namespace must be a Kubernetes name`],
    [{ namespace: "a/b" }, `${path}.namespace must be a Kubernetes name`],
    [{ service_account: "" }, `${path}.service_account must be a Kubernetes name`],
    [{ variables: [] }, `${path}.variables is a list, must be an object`],
    [{ variables: { A: 1 } }, `${path}.variables.A is a number, must be a string`],
    [{ variables: { A: null } }, `${path}.variables.A is null, must be a string`],
    [{ variables: { A: "\0" } }, `${path}.variables.A must not hold a NUL character`],
    [{ variables: { "A B": "x" } }, `${path}.variables["A B"] must be a variable name`],
    [{ variables: { ACTION: "x" } }, `${path}.variables.ACTION can't be set`],
    [{ variables: { constructor: 1 } }, `${path}.variables.constructor is a number, must be a string`],
    [{ pod_template: null }, `${path}.pod_template is null, must be YAML text or an object`],
    [{ pod_template: [] }, `${path}.pod_template is a list, must be YAML text or an object`],
    [{ imgae: "x" }, `${path}.imgae is not known here; known: image, command, args, shared_directory, namespace`],
    [{ constructor: "x" }, `${path}.constructor is not known here; known: image,`],
  ])("may not hold %j: %s", ([job, problem]) => {
    expect(tryJob(job)).toContain(problem);
  });

  test("needs an image, or a template that may name it", () => {
    const problem = "driver.values.job.image is missing: name an image, or give a pod_template that does";
    expect(tryOut({ job: {} })).toBe(problem);
    expect(tryOut({ job: { pod_template: "spec: {}" } })).toBe("taken");
  });

  test.for([
    [{}, "driver.values.job is missing"],
    [{ job: null }, "driver.values.job is null, must be an object"],
    [{ job: [] }, "driver.values.job is a list, must be an object"],
    [{ job: "image" }, "driver.values.job is a string, must be an object"],
  ] as const)("%j is no job: %s", ([values, problem]) => {
    expect(tryOut(values)).toBe(problem);
  });
});

describe("the other values", () => {
  test.for<JsonObject>([
    { cluster: "prod" },
    { cluster: {} },
    { cluster: { account: "a/b", cluster: { name: "prod", anything: [1] } } },
    { credentials_config: {} },
    { credentials_config: { environment: { A: "Field With Blanks" } } },
    { credentials_config: { script_variables: { file: "a/b.json", variables: { "any name": "f" } } } },
    { files: {} },
    { files: { "a/b c/d.json": "", ".hidden": "x\0y", "ü😀": "z" } },
    { source: { url: "https://git.example/r" } },
    { source: { url: "git@git.example:r", ref: "v1", path: "a/b", username: "u", refresh: true } },
    { append_logs_to_error: false },
    { timeout: 1 },
    { timeout: 86_400 },
  ])("may be %j", (values) => {
    expect(tryValues(values)).toBe("taken");
  });

  const config = "driver.values.credentials_config";
  test.for<[JsonObject, string]>([
    [{ cluster: 5 }, "driver.values.cluster is a number, must be a name or an object"],
    [{ cluster: ["prod"] }, "driver.values.cluster is a list, must be a name or an object"],
    [{ credentials_config: [] }, `${config} is a list, must be an object`],
    [
      { credentials_config: { enviroment: {} } },
      `${config}.enviroment is not known here; known: environment, script_v`,
    ],
    [{ credentials_config: { environment: { A: 1 } } }, `${config}.environment.A is a number, must name a field`],
    [{ credentials_config: { environment: { A: "" } } }, `${config}.environment.A must name a field`],
    [{ credentials_config: { environment: { "A=": "f" } } }, `${config}.environment["A="] must be a variable name`],
    [{ credentials_config: { environment: { OUTPUTS_FILE: "f" } } }, `${config}.environment.OUTPUTS_FILE can't be set`],
    [{ credentials_config: { script_variables: {} } }, `${config}.script_variables.variables is missing`],
    [
      { credentials_config: { script_variables: { file: "../a", variables: {} } } },
      `${config}.script_variables.file must not hold '..' or '.'`,
    ],
    [{ files: [] }, "driver.values.files is a list, must be an object"],
    [{ files: { a: 1 } }, "driver.values.files.a is a number, must be a string"],
    [{ files: { a: { b: "c" } } }, "driver.values.files.a is an object, must be a string"],
    [{ files: { a: "\udc00" } }, "driver.values.files.a must not hold half a surrogate pair"],
    [{ files: { "/etc/passwd": "" } }, 'driver.values.files["/etc/passwd"] must be relative to the shared directory'],
    [{ files: { "../a": "" } }, `driver.values.files["../a"] must not hold '..' or '.'`],
    [
      { files: { "a\0b": "" } },
      'driver.values.files["a\\u0000b"] must be relative to the shared directory, without empty parts, control ch',
    ],
    [{ files: { ".git/hooks/x": "" } }, 'driver.values.files[".git/hooks/x"] must not lead into a .git directory'],
    [{ files: { ["x".repeat(1025)]: "" } }, "is 1025 characters, the limit is 1024 characters"],
    [{ source: {} }, "driver.values.source.url is missing"],
    [{ source: { url: "file:///etc" } }, "driver.values.source.url must be https or ssh, not file"],
    [{ source: { url: "https://git.example/r", branch: "x" } }, "driver.values.source.branch is not known here; known"],
    [{ source: { url: "https://git.example/r", refresh: "yes" } }, "source.refresh is a string, must be true or false"],
    [{ append_logs_to_error: null }, "driver.values.append_logs_to_error is null, must be true or false"],
    [{ timeout: 0 }, "driver.values.timeout is 0 seconds, at least 1 is needed"],
    [{ timeout: 86_401 }, "driver.values.timeout is 86401 seconds, the limit is 86400 seconds"],
    [{ timeout: 1.5 }, "driver.values.timeout must be whole seconds"],
    [{ timeout: "60" }, "driver.values.timeout is a string, must be a number of seconds"],
    [{ image: "x" }, "driver.values.image is not known here; known: job, cluster, credentials_config, files, source"],
  ])("may not be %j: %s", ([values, problem]) => {
    expect(tryValues(values)).toContain(problem);
  });

  test("a timeout that is written with a fraction is refused in words that say so", () => {
    const parsed = parseJson('{"timeout":60.0}');
    const values: JsonValue = parsed.ok ? parsed.value : null;
    const expected =
      "driver.values.timeout is a number such as 1.0, 1e3 or one beyond 2^53, must be a number of seconds";
    expect(tryValues(values as JsonObject)).toBe(expected);
  });
});

describe("secrets", () => {
  const trySecrets = (secrets: unknown) => tryOut({ job: { image: "i" } }, secrets);

  test.for<JsonObject>([
    {},
    { account: {} },
    { account: { AccessKeyId: "x", key: { nested: [1] }, constructor: null } },
    { cluster: { agent_url: "wss://x", kubeconfig: "apiVersion: v1\n" } },
    { job: {} },
    { job: { variables: { "A-B": "x" } } },
    { files: { "a/b": "x" } },
    { source: { ssh_key: "-----BEGIN\n" } },
    { source: { password: "p w", known_hosts: "git.example ssh-ed25519 AAAA\n" } },
  ])("may be %j", (secrets) => {
    expect(trySecrets(secrets)).toBe("taken");
  });

  test.for<[unknown, string]>([
    [[], "driver.secrets is a list, must be an object"],
    [{ account: "x" }, "driver.secrets.account is a string, must be an object"],
    [{ account: null }, "driver.secrets.account is null, must be an object"],
    [{ cluster: "x" }, "driver.secrets.cluster is a string, must be an object"],
    [{ job: { image: "x" } }, "driver.secrets.job.image is not known here; known: variables"],
    [{ job: { variables: { ACTION: "x" } } }, "driver.secrets.job.variables.ACTION can't be set"],
    [{ files: { "../x": "" } }, 'driver.secrets.files["../x"] must not hold'],
    [{ source: { url: "x" } }, "driver.secrets.source.url is not known here; known: ssh_key, password, known_hosts"],
    [{ source: { ssh_key: "" } }, "driver.secrets.source.ssh_key must not be empty"],
    [{ source: { password: "a\nb" } }, "driver.secrets.source.password must be one line"],
    [{ token: "x" }, "driver.secrets.token is not known here; known: account, job, cluster, files, source"],
  ])("may not be %j: %s", ([secrets, problem]) => {
    expect(trySecrets(secrets)).toContain(problem);
  });
});

test("no problem ever holds a value", () => {
  const canary = "canary-4711 \0\ud800/../";
  const spoilt: JsonValue[] = [canary, [canary], { a: canary }, { constructor: [canary] }];
  const places = (value: JsonValue): JsonObject[] => [
    { job: value },
    ...[
      "image",
      "command",
      "args",
      "shared_directory",
      "namespace",
      "service_account",
      "variables",
      "pod_template",
    ].map((key) => ({ job: { image: "i", [key]: value } })),
    ...["cluster", "credentials_config", "files", "source", "append_logs_to_error", "timeout", "other"].map((key) => ({
      job: { image: "i" },
      [key]: value,
    })),
    ...["url", "ref", "path", "username", "refresh"].map((key) => ({ job: { image: "i" }, source: { [key]: value } })),
    ...["ssh_key", "password", "known_hosts"].map((key) => ({ job: { image: "i" }, source: { [key]: value } })),
    { job: { image: "i" }, credentials_config: { environment: value, script_variables: value } },
    { job: { image: "i" }, credentials_config: { script_variables: { file: value, variables: value } } },
  ];
  const seen = spoilt.flatMap(places).flatMap((values) => [tryOut(values), tryOut({ job: { image: "i" } }, values)]);
  expect(seen.filter((problem) => problem !== "taken").length).toBeGreaterThan(100);
  expect(seen.filter((problem) => problem.includes("canary"))).toEqual([]);
});
