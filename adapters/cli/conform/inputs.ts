/** What is to be tried out, as a run's inputs. */
import { getSharedDirectory } from "../../../src/contract/container/environment.ts";
import type { ContainerInputs } from "../../../src/contract/container/inputs.ts";
import { check } from "../../../src/contract/decode.ts";
import { InputData } from "../../../src/contract/driver-api/input-data.ts";
import { isJsonObject, parseJson, type JsonObject } from "../../../src/contract/json.ts";
import { describeLimit, limits } from "../../../src/contract/limits.ts";
import { refuse, succeed, type Result } from "../../../src/contract/result.ts";
import { containerDriver } from "../../../src/catalog/container/container.ts";
import { readRequestFile } from "../request-file.ts";
import { readDirectory } from "./read-directory.ts";

/** An image, or a directory's files. */
export type Subject =
  | { readonly kind: "image"; readonly image: string }
  | { readonly kind: "directory"; readonly path: string; readonly files: Readonly<Record<string, string>> };

export async function readSubject(target: string, isDirectory: boolean): Promise<Result<Subject>> {
  if (!isDirectory) return succeed({ kind: "image", image: target });
  const files = await readDirectory(target);
  return files.ok
    ? succeed({ kind: "directory", path: target, files: files.value })
    : refuse(`Cannot take ${target}: ${files.problem}`);
}

export interface InputsOptions {
  readonly subject: Subject;
  /** What runs in it; empty: what the request or the image says, or `run.sh`. */
  readonly command: readonly string[];
}

/** A request's inputs, with the subject and its command laid over it. `file` left out: a request without any inputs. */
export async function readInputs(file: string | undefined, options: InputsOptions): Promise<Result<ContainerInputs>> {
  const body = file === undefined ? succeed(emptyRequest) : await readRequestFile(file);
  if (!body.ok) return body;
  const parsed = parseJson(body.value);
  const where = file ?? "the request";
  if (!parsed.ok || !isJsonObject(parsed.value)) return refuse(`Cannot read ${where}: it must be an object`);
  const data = check(InputData, { type: "conform", resource: {}, ...parsed.value });
  if (!data.ok) return refuse(`Cannot read ${where}: ${data.problem}`);
  const values = layOver(data.value.driver?.values ?? {}, options);
  const bytes = Buffer.byteLength(JSON.stringify(values));
  if (bytes > limits.requestBodyBytes)
    return refuse(
      `Cannot send the directory with a request: ${describeLimit("it", bytes, limits.requestBodyBytes, "bytes")}`,
    );
  const wanted = containerDriver.toWanted({ ...data.value, driver: { ...data.value.driver, values } });
  if (!wanted.ok) return refuse(`Cannot read ${where}: ${wanted.problem}`);
  return chooseCommand(wanted.value.inputs, options);
}

const emptyRequest = "{}";

function layOver(values: JsonObject, { subject, command }: InputsOptions): JsonObject {
  const job = isJsonObject(values["job"]) ? values["job"] : {};
  const files = isJsonObject(values["files"]) ? values["files"] : {};
  const image = subject.kind === "image" ? subject.image : (job["image"] ?? "conform/local:1");
  const called = command.length === 0 ? {} : { command: [...command], args: [] };
  const carried = subject.kind === "image" ? files : { ...subject.files, ...files };
  return { ...values, job: { ...job, image, ...called }, files: carried };
}

/** A directory has no entry point as an image has: `run.sh` is one by custom. */
function chooseCommand(inputs: ContainerInputs, { subject }: InputsOptions): Result<ContainerInputs> {
  const { job } = inputs.values;
  if (subject.kind === "image" || (job.command ?? []).length > 0) return succeed(inputs);
  if (!Object.hasOwn(inputs.values.files ?? {}, "run.sh"))
    return refuse(
      `Cannot tell what to run in ${subject.path}: there is no run.sh; give a command after --, such as -- /bin/sh create.sh`,
    );
  const called = { command: ["/bin/sh", `${getSharedDirectory(inputs)}/run.sh`], args: [] };
  return succeed({ ...inputs, values: { ...inputs.values, job: { ...job, ...called } } });
}
