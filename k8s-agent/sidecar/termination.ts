/**
 * SIGTERM, noticed from the first moment on: a helper is process 1 of its container, for which the kernel drops a signal
 * that it has no handler for. So this must be the first import of a helper's program.
 */
const controller = new AbortController();

/** Aborts on the first SIGTERM; later ones change nothing. */
export const termination: AbortSignal = controller.signal;

process.on("SIGTERM", () => controller.abort(new Error("stopped by SIGTERM")));
