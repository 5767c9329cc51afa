/** What Prometheus would read. */
export interface Metrics {
  readonly text: string;
  /** The sum of a metric's samples that have these labels; 0 where there are none. */
  sum(name: string, labels?: Readonly<Record<string, string>>): number;
  /** The names of everything, as queries may use them: of a histogram also what it is made of. */
  readonly names: ReadonlySet<string>;
}

interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Reads an answer to `/metrics`; throws where it isn't one. */
export async function readMetrics(port: number): Promise<Metrics> {
  const answer = await fetch(`http://127.0.0.1:${port}/metrics`);
  const type = answer.headers.get("content-type") ?? "";
  if (answer.status !== 200 || !type.startsWith("text/plain; version=0.0.4"))
    throw new Error(`Cannot read metrics: answered ${answer.status} with ${type}`);
  return parseMetrics(await answer.text());
}

/** The text format, version 0.0.4. */
function parseMetrics(text: string): Metrics {
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("# HELP"));
  const types = lines.filter((line) => line.startsWith("# TYPE "));
  const samples = lines.filter((line) => !line.startsWith("#")).map(parseSample);
  return {
    text,
    sum(name, wanted = {}) {
      const fits = (sample: Sample) =>
        sample.name === name && Object.entries(wanted).every(([key, value]) => sample.labels[key] === value);
      return samples.filter(fits).reduce((sum, { value }) => sum + value, 0);
    },
    names: new Set(types.flatMap((line) => nameAll(line.split(" ")))),
  };
}

function nameAll([, , name = "", type]: readonly string[]): string[] {
  return type === "histogram" ? ["_bucket", "_sum", "_count"].map((suffix) => name + suffix) : [name];
}

function parseSample(line: string): Sample {
  const found = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/.exec(line);
  const [, name = "", labels = "", text = ""] = found ?? [];
  const value = numbers[text] ?? Number(text);
  if (found === null || (Number.isNaN(value) && !(text in numbers)))
    throw new Error(`Cannot read metrics: a line is ${line}`);
  const pairs = [...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(
    ([, key = "", text = ""]) => [key, text] as const,
  );
  return { name, labels: Object.fromEntries(pairs), value };
}

/** What isn't written as JavaScript has it. Readers take these in any case; a lag of which there is no measurement yet is Nan. */
const numbers: Readonly<Record<string, number>> = { "+Inf": Infinity, "-Inf": -Infinity, NaN, Nan: NaN };
