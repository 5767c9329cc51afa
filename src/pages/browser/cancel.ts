/** The form that cancels a run, so that whoever reads a log need not leave it for that. */
export interface CancelControl {
  /** There is nothing to cancel any more. */
  runEnded(): void;
}

export function startCancel(container: HTMLElement): CancelControl {
  const details = container.querySelector<HTMLDetailsElement>("details.cancel");
  const form = details?.querySelector("form");
  if (!details || !form) return { runEnded: () => undefined };
  const answer = document.createElement("p");
  answer.role = "status";
  form.append(answer);

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void submit(form);
  });
  async function submit({ action }: HTMLFormElement): Promise<void> {
    const button = form?.querySelector("button");
    if (button) button.disabled = true;
    const { sentence, again } = await send(action);
    answer.textContent = sentence;
    if (button) button.disabled = !again;
  }

  details.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    details.open = false;
    details.querySelector("summary")?.focus();
  });
  document.addEventListener("click", ({ target }) => {
    if (target instanceof Node && !details.contains(target)) details.open = false;
  });
  return {
    runEnded() {
      const hadFocus = details.contains(document.activeElement);
      details.remove();
      if (hadFocus) document.querySelector("main")?.focus();
    },
  };
}

async function send(action: string): Promise<{ sentence: string; again: boolean }> {
  try {
    const { status } = await fetch(action, { method: "POST", headers: { Accept: "application/json" } });
    if (status === 202) return { sentence: "Asked for: the run ends when its container has stopped.", again: false };
    if (status === 409) return { sentence: "It has ended before.", again: false };
    return { sentence: `That was refused (${status}).`, again: true };
  } catch {
    return { sentence: "The server does not answer: try again.", again: true };
  }
}
