/** The first helper: makes the directory that main works in, and tells which commit it holds. */
import { chmod, stat } from "node:fs/promises";
import * as v from "valibot";
import type { ContainerPaths } from "../../../src/contract/container/environment.ts";
import type { ContainerInputs } from "../../../src/contract/container/inputs.ts";
import { RelativePath } from "../../../src/contract/container/paths.ts";
import { exchangeFiles } from "../../../src/contract/container/variables.ts";
import { describePath } from "../../../src/contract/decode.ts";
import { stringifyJson } from "../../../src/contract/json.ts";
import { describeLimit, limits } from "../../../src/contract/limits.ts";
import { refuse, succeed, type Result } from "../../../src/contract/result.ts";
import type { Run } from "../../../src/contract/run.ts";
import { findDirectoryInside, openDirectoryMode } from "./find-inside.ts";
import { checkOut } from "./git/check-out.ts";
import type { GitPolicy } from "./git/credentials.ts";
import { writeFileInside, type FileToWrite } from "./write-file.ts";

export type { GitPolicy } from "./git/credentials.ts";

/** What setup needs of a run. */
export type SetupRun = Pick<Run, "inputs"> & { readonly order: { readonly unlessCommit?: string | undefined } };

export interface SetupOptions {
  /**
   * Real directories that exist and are empty. They become writable by any user, as main may be one: let nobody else reach
   * them (a volume of the Pod's own, a parent directory of mode 0700).
   */
  readonly paths: ContainerPaths;
  /** Private (0700), apart from both; holds keys while git runs. The caller removes it afterwards. */
  readonly scratchDirectory: string;
  /** Aborting kills git and all that it started. */
  readonly signal: AbortSignal;
  readonly policy?: GitPolicy;
  /** Left out: `limits` of the contract. */
  readonly limits?: { readonly checkoutBytes?: number; readonly checkoutSeconds?: number };
}

export interface SetupOutcome {
  /** The commit that was checked out, 40 or 64 hex digits; undefined without a source. */
  readonly commit?: string;
  /** The source's ref still points at `order.unlessCommit`: nothing was written, and main must not run. */
  readonly unchanged?: boolean;
}

/**
 * Checks out the source, lays the request's files over it and writes the files that main reads.
 *
 * The problem of a refusal is a sentence for people that holds no credential. Rejects only when aborted, with the
 * signal's reason, or when the directories are not what `options` promises.
 */
export async function setUp(run: SetupRun, options: SetupOptions): Promise<Result<SetupOutcome>> {
  const { values } = run.inputs;
  const files = listFiles(run.inputs);
  if (!files.ok) return files;
  await openToAll(options.paths);
  const checkedOut = await checkOutSource(run, options);
  if (!checkedOut.ok || checkedOut.value.unchanged === true) return checkedOut;
  const written = await writeFiles(files.value, options);
  if (!written.ok) return written;
  const inputs = { path: exchangeFiles.RESOURCE_INPUTS_FILE, text: stringifyJson(run.inputs.resource), secret: false };
  const exchanged = await writeFileInside(options.paths.exchangeDirectory, inputs);
  if (!exchanged.ok) return refuse(`Cannot write RESOURCE_INPUTS_FILE: ${exchanged.problem}`);
  const directory = await checkScriptsDirectory(values.source?.path, options);
  return directory.ok ? checkedOut : directory;
}

/** A directory that is open already may be another user's, as a volume's root is. */
async function openToAll({ sharedDirectory, exchangeDirectory }: ContainerPaths): Promise<void> {
  for (const directory of [sharedDirectory, exchangeDirectory]) {
    const { mode } = await stat(directory);
    if ((mode & openDirectoryMode) !== openDirectoryMode) await chmod(directory, openDirectoryMode);
  }
}

async function checkOutSource({ inputs, order }: SetupRun, options: SetupOptions): Promise<Result<SetupOutcome>> {
  const { source } = inputs.values;
  if (source === undefined) return succeed({});
  const { checkoutBytes: bytes = limits.checkoutBytes, checkoutSeconds: seconds = limits.checkoutSeconds } =
    options.limits ?? {};
  return checkOut(
    { source, secrets: inputs.secrets.source, unlessCommit: order.unlessCommit },
    {
      directory: options.paths.sharedDirectory,
      scratchDirectory: options.scratchDirectory,
      signal: options.signal,
      policy: options.policy ?? {},
      limits: { bytes, seconds },
    },
  );
}

/** Where a file comes from in the request, for error texts, and the file. */
type NamedFile = readonly [name: string, file: FileToWrite];

/** In the order in which they are written: of two with the same path the later one stays. */
function listFiles({ values, secrets }: ContainerInputs): Result<NamedFile[]> {
  const named = (part: "values" | "secrets", files: Readonly<Record<string, string>> = {}) =>
    Object.entries(files).map(([file, text]): NamedFile => [
      describePath(["driver", part, "files", file].map((key) => ({ key }))),
      { path: file, text, secret: part === "secrets" },
    ]);
  const files = [...named("values", values.files), ...named("secrets", secrets.files)];
  if (files.length > limits.files) {
    const limit = describeLimit("the number of files", files.length, limits.files, "files");
    return refuse(`Cannot write driver.values.files and driver.secrets.files: ${limit}`);
  }
  const script = values.credentials_config?.script_variables;
  if (script === undefined) return succeed(files);
  // As they came: a field that is an object is one in the file, too.
  const variables = Object.entries(script.variables).map(([name, field]) => [name, secrets.account?.[field] ?? null]);
  const text = stringifyJson(Object.fromEntries(variables));
  const name = "driver.values.credentials_config.script_variables.file";
  return succeed([...files, [name, { path: script.file, text, secret: true }]]);
}

async function writeFiles(files: readonly NamedFile[], { paths, signal }: SetupOptions): Promise<Result<undefined>> {
  for (const [name, file] of files) {
    signal.throwIfAborted();
    const written = await writeFileInside(paths.sharedDirectory, file);
    if (!written.ok) return refuse(`Cannot write ${name}: ${written.problem}`);
  }
  return succeed(undefined);
}

/** After the files, as these may make the directory. */
async function checkScriptsDirectory(path: string | undefined, { paths }: SetupOptions): Promise<Result<undefined>> {
  if (path === undefined) return succeed(undefined);
  const inside = v.is(RelativePath, path);
  const found = inside
    ? await findDirectoryInside(paths.sharedDirectory, path.split("/"), { create: false })
    : refuse("it is not a path below the shared directory");
  return found.ok ? succeed(undefined) : refuse(`Cannot use driver.values.source.path: ${found.problem}`);
}
