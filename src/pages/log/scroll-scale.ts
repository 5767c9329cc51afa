/**
 * From where a log is scrolled to, to where that is in the log. Browsers limit how high an element may be, Firefox to 17.8
 * million pixels: a log that is higher scrolls in proportion.
 */

/** As the style sheet has it, pixels. */
export const rowHeight = 20;
const mostHeight = 15_000_000;

export interface Extent {
  readonly rows: number;
  /** Of what can be seen of it, pixels. */
  readonly viewHeight: number;
}

/** How high the element is that is scrolled, pixels. */
export function measureSpace({ rows }: Pick<Extent, "rows">): number {
  return Math.min(rows * rowHeight, mostHeight);
}

/** How far the element can be scrolled. */
export function measureScroll(extent: Extent): number {
  return Math.max(0, measureSpace(extent) - extent.viewHeight);
}

/** Where the view's top is in the log as it would be without a limit, pixels. */
export function toLogTop(scrollTop: number, extent: Extent): number {
  const most = measureScroll(extent);
  return most === 0 ? 0 : (scrollTop / most) * measureLogScroll(extent);
}

/** Where to scroll so that a place in the log is at the view's top. */
export function toScrollTop(logTop: number, extent: Extent): number {
  const most = measureLogScroll(extent);
  return most === 0 ? 0 : (Math.min(Math.max(0, logTop), most) / most) * measureScroll(extent);
}

function measureLogScroll({ rows, viewHeight }: Extent): number {
  return Math.max(0, rows * rowHeight - viewHeight);
}
