/** Columns for people. */

/** Lines of columns that stand below each other, two blanks apart; cells are plain text without colours. */
export function formatTable(header: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const lines = [header, ...rows];
  const widths = header.map((_, column) => Math.max(...lines.map((line) => measure(line[column] ?? ""))));
  return lines.map((line) =>
    line
      .map((cell, column) => cell + " ".repeat(Math.max(0, (widths[column] ?? 0) - measure(cell))))
      .join("  ")
      .trimEnd(),
  );
}

const segmenter = new Intl.Segmenter();

function measure(text: string): number {
  return /^[\x20-\x7e]*$/.test(text) ? text.length : [...segmenter.segment(text)].length;
}
