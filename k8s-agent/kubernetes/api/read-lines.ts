/** Lines of a stream of bytes. */

/** Two of the largest objects that a cluster stores (etcd's limit is 1.5 MiB): a line beyond it is no object. */
const mostBytes = 4 * 1024 * 1024;

/** Lines without their newline; a last one that is cut off is none. Rejects at a line that is too long. */
export async function* readLines(chunks: AsyncIterable<unknown>): AsyncGenerator<string> {
  let pieces: Buffer[] = [];
  let length = 0;
  for await (const chunk of chunks) {
    let rest = Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk));
    for (let end = rest.indexOf(0x0a); end >= 0; end = rest.indexOf(0x0a)) {
      yield Buffer.concat([...pieces, rest.subarray(0, end)]).toString("utf8");
      pieces = [];
      length = 0;
      rest = rest.subarray(end + 1);
    }
    length += rest.length;
    if (length > mostBytes)
      throw new Error(`Cannot read a line: it has more than ${mostBytes} bytes, at least ${length}`);
    if (rest.length > 0) pieces.push(rest);
  }
}
