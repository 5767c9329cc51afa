import { describe, expect, test } from "vitest";
import {
  buildEnvironment,
  checkCredentials,
  getSharedDirectory,
  pickCredentials,
  type ContainerPaths,
} from "./environment.ts";
import type { ContainerInputs } from "./inputs.ts";
import { parseJson } from "../json.ts";
import { contractVariables } from "./variables.ts";

const paths: ContainerPaths = { sharedDirectory: "/shared", exchangeDirectory: "/exchange" };

function buildInputs(values: Partial<ContainerInputs["values"]>, secrets: ContainerInputs["secrets"] = {}) {
  return { type: "s3", resource: {}, values: { job: { image: "i" }, ...values }, secrets } satisfies ContainerInputs;
}

describe("main's environment", () => {
  test("has the contract's variables, and HOME, when a request names none", () => {
    expect(buildEnvironment("create", buildInputs({}), paths)).toEqual({
      plain: {
        HOME: "/shared",
        ACTION: "create",
        SCRIPTS_DIRECTORY: "/shared",
        RESOURCE_INPUTS_FILE: "/exchange/resource-inputs.json",
        OUTPUTS_FILE: "/exchange/outputs.json",
        SECRET_OUTPUTS_FILE: "/exchange/secret-outputs.json",
        ERROR_FILE: "/exchange/error.txt",
        MANIFESTS_FILE: "/exchange/manifests.json",
      },
      secret: {},
    });
  });

  test("says destroy when that is what is wanted", () => {
    expect(buildEnvironment("destroy", buildInputs({}), paths).plain["ACTION"]).toBe("destroy");
  });

  test("works at the source's path when it has one", () => {
    const source = { url: "https://git.example/r", path: "modules/s3" };
    expect(buildEnvironment("create", buildInputs({ source }), paths).plain["SCRIPTS_DIRECTORY"]).toBe(
      "/shared/modules/s3",
    );
  });

  test("keeps what is secret apart, credentials included, and each name in one place", () => {
    const values = {
      job: { image: "i", variables: { PLAIN: "p", BOTH: "plain" } },
      credentials_config: { environment: { KEY: "id", BOTH: "id" } },
    };
    const secrets = { account: { id: "AKIA" }, job: { variables: { SECRET: "s" } } };
    const { plain, secret } = buildEnvironment("create", buildInputs(values, secrets), paths);
    expect(secret).toEqual({ KEY: "AKIA", SECRET: "s" });
    expect(plain).toMatchObject({ PLAIN: "p", BOTH: "plain" });
  });

  const everywhere = (name: string) =>
    buildInputs(
      {
        job: { image: "i", variables: { [name]: "plain" } },
        credentials_config: { environment: { [name]: "field" } },
      },
      { account: { field: "credential" }, job: { variables: { [name]: "secret" } } },
    );

  test("of a name that comes from everywhere takes the secret variable", () => {
    const { plain, secret } = buildEnvironment("create", everywhere("NAME"), paths);
    expect(secret["NAME"]).toBe("secret");
    expect(plain).not.toHaveProperty("NAME");
  });

  test("lets a request set HOME, in plain or as a secret", () => {
    const inPlain = buildInputs({ job: { image: "i", variables: { HOME: "/home/me" } } });
    expect(buildEnvironment("create", inPlain, paths).plain["HOME"]).toBe("/home/me");
    const secretly = buildEnvironment("create", everywhere("HOME"), paths);
    expect(secretly.secret["HOME"]).toBe("secret");
    expect(secretly.plain).not.toHaveProperty("HOME");
  });

  test.for(contractVariables)("has %s of ours only, even if a check was passed by", (name) => {
    const { plain, secret } = buildEnvironment("create", everywhere(name), paths);
    expect(["plain", "credential", "secret"]).not.toContain(plain[name]);
    expect(secret).not.toHaveProperty(name);
  });

  test("names the trace that main is to go on with, in plain and over what a request says", () => {
    const trace = { traceparent: `00-${"a".repeat(32)}-${"b".repeat(16)}-01` };
    const { plain, secret } = buildEnvironment("create", everywhere("TRACEPARENT"), { ...paths, trace });
    expect(plain["TRACEPARENT"]).toBe(trace.traceparent);
    expect(plain).not.toHaveProperty("TRACESTATE");
    expect(secret).not.toHaveProperty("TRACEPARENT");
    const stateful = { ...paths, trace: { ...trace, tracestate: "rojo=1" } };
    expect(buildEnvironment("create", buildInputs({}), stateful).plain["TRACESTATE"]).toBe("rojo=1");
  });

  test("has names with hyphens, dots, and those of every object", () => {
    const variables = { "TF_VAR_a-b": "1", "a.b": "2", constructor: "3", toString: "4" };
    const { plain } = buildEnvironment("create", buildInputs({ job: { image: "i", variables } }), paths);
    expect(plain).toMatchObject(variables);
  });
});

describe("credentials", () => {
  test("are texts as they are, nothing for null, and anything else as JSON with every digit", () => {
    const parsed = parseJson('{"text":"a\\nb","key":{"n":9007199254740993},"no":null,"yes":true,"n":1.0}');
    const account = parsed.ok ? (parsed.value as Record<string, string>) : {};
    expect(pickCredentials({ T: "text", K: "key", N: "no", Y: "yes", F: "n" }, account)).toEqual({
      T: "a\nb",
      K: '{"n":9007199254740993}',
      N: "",
      Y: "true",
      F: "1.0",
    });
  });

  test("that the account lacks are refused, with what it has by name only", () => {
    const config = { environment: { KEY: "canary-field" } };
    const refused = checkCredentials(
      buildInputs({ credentials_config: config }, { account: { a: "canary", "b c": "canary" } }),
    );
    expect(refused).toEqual({
      ok: false,
      problem:
        "driver.values.credentials_config.environment.KEY names a field that driver.secrets.account lacks; it has a, b c",
    });
  });

  test("of a file are looked for too, and those of every object's prototype aren't fields", () => {
    const config = { script_variables: { file: "x.json", variables: { a: "toString" } } };
    const refused = checkCredentials(buildInputs({ credentials_config: config }, { account: {} }));
    expect(refused).toMatchObject({ ok: false, problem: expect.stringMatching(/variables\.a .*it has no fields$/) });
    expect(checkCredentials(buildInputs({ credentials_config: config }))).toMatchObject({ ok: false });
    expect(checkCredentials(buildInputs({ credentials_config: config }, { account: { toString: "x" } }))).toMatchObject(
      { ok: true },
    );
  });
});

test("the shared directory is the request's, or the default", () => {
  expect(getSharedDirectory(buildInputs({}))).toBe("/home/runneruser/workspace");
  expect(getSharedDirectory(buildInputs({ job: { image: "i", shared_directory: "/w" } }))).toBe("/w");
});
