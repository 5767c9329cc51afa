/** Takes out of git's words what a hostile server may have echoed, or what only the agent should know. */
import type { ContainerInputs } from "../../../../src/contract/container/inputs.ts";

/** Replaces the password in the forms in which it travels, the lines of the key, and the private directory's path. */
export function hideSecrets(
  text: string,
  {
    username,
    secrets,
    home,
  }: {
    username: string | undefined;
    secrets: ContainerInputs["secrets"]["source"];
    home: string;
  },
): string {
  const password = secrets?.password?.toWellFormed();
  const basic = (user: string) => Buffer.from(`${user}:${password}`).toString("base64");
  const forms =
    password === undefined
      ? []
      : [password, encodeURI(password), encodeURIComponent(password), basic(username ?? "git")];
  const lines = (secrets?.ssh_key ?? "").split(/[\r\n]+/).filter((line) => line.length >= 8);
  const hidden = [...forms, ...lines].reduce((rest, secret) => rest.replaceAll(secret, "***"), text);
  return hidden.replaceAll(`${home}/`, "");
}
