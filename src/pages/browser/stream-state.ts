/** Says whether the page still hears of what happens. Nothing is said while all is well. */
export interface StreamState {
  connected(): void;
  lost(): void;
  /** For good; the sentence says why, and what to do. */
  stopped(sentence: string): void;
}

export function createStreamState(element: HTMLElement): StreamState {
  let wasLost = false;
  const show = (text: string, isLost: boolean) => {
    element.textContent = text;
    element.classList.toggle("is-lost", isLost);
  };
  return {
    connected() {
      if (wasLost) show("Connected again.", false);
      wasLost = false;
    },
    lost() {
      if (!wasLost) show("The connection is lost: what is shown may be old. Trying again…", true);
      wasLost = true;
    },
    stopped(sentence) {
      show(sentence, true);
    },
  };
}

/** One state for several streams: lost while one of them is. */
export function shareStreamState(state: StreamState): () => StreamState {
  const lost = new Set<object>();
  return () => {
    const own: StreamState = {
      connected() {
        lost.delete(own);
        if (lost.size === 0) state.connected();
      },
      lost() {
        lost.add(own);
        state.lost();
      },
      stopped: (sentence) => state.stopped(sentence),
    };
    return own;
  };
}
