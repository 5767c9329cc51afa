/** What was measured, for the terminal and for docs/benchmarks.md. */
import { formatFigure, isMet, type Aim, type Row, type SectionReport } from "./report.ts";

export function renderRow(row: Row): string {
  const { min, median, max } = row.spread;
  const spread = `(${formatFigure(min)} to ${formatFigure(max)})`;
  const of = row.of === undefined ? "" : `: ${row.of}`;
  const aim = row.aim === undefined ? "" : `; aim ${describeAim(row.aim)}, ${describeOutcome(row)}`;
  return `  ${row.name}: ${`${formatFigure(median)} ${row.unit}`.trim()} ${spread}${of}${aim}`;
}

const introduction = `# Benchmarks

Written by \`npm run bench\`. Each figure is a **ratio of two things that were measured in the same run, in turns** (A B A B …), so that
what the machine does beside them hits both. The figure is the median of the rounds' ratios (not the ratio of the medians under "of"), behind it the least and the greatest.
Read them as "what does this product add to what nobody could leave out": another machine has other figures, and absolute ones
(under "of") say most about the machine. Where its load average is above its cores, others worked on it too, and what hands work
from thread to thread or from process to process, as ours does more often than what it is compared with, looks worse than it is.
Nothing here is a promise.`;

/** The whole of docs/benchmarks.md. */
export function renderDocument(reports: readonly SectionReport[], machine: readonly string[]): string {
  const parts = [
    introduction,
    ["## The machine", "", ...machine.map((line) => `- ${line}`)].join("\n"),
    ...reports.map(renderSection),
  ];
  return `${parts.join("\n\n")}\n`;
}

/** The document with these sections in place of those of the same title, or behind all others. */
export function replaceSections(document: string, reports: readonly SectionReport[]): string {
  const parts = document.trimEnd().split(/\n\n(?=## )/);
  for (const report of reports) {
    const at = parts.findIndex((part) => part.startsWith(`## ${report.title}\n`));
    parts.splice(at < 0 ? parts.length : at, 1, renderSection(report));
  }
  return `${parts.join("\n\n")}\n`;
}

function renderSection({ title, text, rows, load }: SectionReport): string {
  const head = ["| what | figure | least to greatest | of | aim |", "| --- | --- | --- | --- | --- |"];
  const noise =
    load === undefined ? [] : ["", `Load average over the five minutes before its end: ${load.toFixed(1)}.`];
  return [`## ${title}`, "", text, ...noise, "", ...head, ...rows.map(renderTableRow)].join("\n");
}

function renderTableRow(row: Row): string {
  const { min, median, max } = row.spread;
  const aim = row.aim === undefined ? "" : `${describeAim(row.aim)}: ${describeOutcome(row)}`;
  const figure = `**${formatFigure(median)}** ${row.unit}`.trim();
  return `| ${[row.name, figure, `${formatFigure(min)} to ${formatFigure(max)}`, row.of ?? "", aim].join(" | ")} |`;
}

function describeAim({ kind, value }: Aim): string {
  return `${kind} ${value}`;
}

function describeOutcome(row: Row): string {
  return isMet(row) === true ? "met" : "not met";
}
