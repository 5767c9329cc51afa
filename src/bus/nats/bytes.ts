/** The same bytes without what a transport adds: Node's `Buffer` has a `slice` that doesn't copy, unlike any other's. */
export function toPlainBytes(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
