/**
 * Kubernetes replaces `$(NAME)` in a container's command, arguments and plain variables, and makes one dollar sign of two.
 * What a request says is meant literally.
 */
export function escapeExpansion(text: string): string {
  return text.replace(/\$(?=[$(])/g, "$$$$");
}
