/** Draws as often as the screen does, and once a second while something goes on. */
export interface Drawing {
  /** Draws soon. */
  request(): void;
}

export function createDrawing(draw: () => void, { isLive }: { isLive: () => boolean }): Drawing {
  let requested = false;
  const request = () => {
    if (requested) return;
    requested = true;
    requestAnimationFrame(() => {
      requested = false;
      draw();
    });
  };
  setInterval(() => {
    if (isLive()) request();
  }, 1000);
  return { request };
}
