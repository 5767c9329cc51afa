/** Calls back once after some milliseconds; the function that it returns calls that off. */
export type Schedule = (milliseconds: number, action: () => void) => () => void;

/** More than this and timers of the platform fire at once. */
const longest = 2 ** 31 - 1;

/** The platform's own timers. */
export const schedule: Schedule = (milliseconds, action) => {
  const timer = setTimeout(action, Math.min(milliseconds, longest));
  return () => clearTimeout(timer);
};
