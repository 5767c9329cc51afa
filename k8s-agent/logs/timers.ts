/** Calls back once after some milliseconds; the function that it returns calls that off. */
export type Schedule = (milliseconds: number, action: () => void) => () => void;

/** The platform's own timers. */
export const schedule: Schedule = (milliseconds, action) => {
  const timer = setTimeout(action, milliseconds);
  return () => clearTimeout(timer);
};
