/** A line that is longer comes from nobody who belongs here. */
const MOST_CHARACTERS = 2 ** 20;

/**
 * The lines that come over a connection, without their ends.
 *
 * @throws {Error} If one is longer than a mebibyte.
 */
export async function* linesOf(stream: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<string> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    if (rest.length > MOST_CHARACTERS) throw new Error("A line is too long");
    yield* lines;
  }
}

/** What writes lines to a connection. */
export function lineWriter(stream: WritableStream<Uint8Array<ArrayBuffer>>): (line: string) => Promise<void> {
  const writer = stream.getWriter(), encoder = new TextEncoder();
  return (line) => writer.write(encoder.encode(`${line}\n`));
}
