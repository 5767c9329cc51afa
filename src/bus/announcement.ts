/** How much an agent may say of itself: whoever asks for a cluster's agents is given all of it at once. */
import { limits } from "../contract/limits.ts";
import { MessageTooLarge } from "./port.ts";

const limit = limits.announcementBytes;

export function isAnnouncement(data: Uint8Array): boolean {
  return data.length <= limit;
}

/** Throws `MessageTooLarge` where it is more. */
export function checkAnnouncement(what: string, data: Uint8Array): void {
  if (!isAnnouncement(data)) throw new MessageTooLarge(what, { limit, actual: data.length });
}
