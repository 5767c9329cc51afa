/** Whether nobody but programs on the same machine is at a host: a name or an address, an IPv6 one as it is or in a URL's brackets. */
export function isLoopback(host: string): boolean {
  return /^(localhost|::1|\[::1\]|127(\.\d{1,3}){3})$/.test(host);
}
