import { oneLine, printable } from "./printable.ts";

/** A place that text is written to: standard error, or a stand-in in tests. */
export interface TextSink {
  isTerminal(): boolean;
  write(text: string): void;
}

const STANDARD_ERROR: TextSink = {
  isTerminal: () => Deno.stderr.isTerminal(),
  write(text) {
    const bytes = new TextEncoder().encode(text);
    for (let at = 0; at < bytes.length;) at += Deno.stderr.writeSync(bytes.subarray(at));
  },
};

/**
 * One line that keeps changing, and lines that stay. Whatever is shown to people of a process goes through the one
 * {@link statusLine}: a message that was written past it would end up within the changing line. What a terminal would
 * obey is written as an escape, whatever names a message holds.
 */
export class StatusLine {
  #open = false;

  constructor(private readonly sink: TextSink = STANDARD_ERROR) {}

  /** Whether a line can change: it cannot in a file. */
  get isTerminal(): boolean {
    return this.sink.isTerminal();
  }

  /** Shows a line in place of the last such one; where there is no terminal, as a line that stays. */
  update(line: string): void {
    if (!this.isTerminal) return this.print(oneLine(line));
    this.sink.write(`\r\x1b[K${oneLine(line)}`);
    this.#open = true;
  }

  /** Writes a line, or several, that stay, in place of one that changes if there is one. */
  print(line: string): void {
    const safe = printable(line);
    this.sink.write(this.#leave() ? `\r\x1b[K${safe}\n` : `${safe}\n`);
  }

  /** Takes the changing line away. */
  clear(): void {
    if (this.#leave()) this.sink.write("\r\x1b[K");
  }

  /** Lets the changing line stay. */
  end(): void {
    if (this.#leave()) this.sink.write("\n");
  }

  /** Returns whether there was a changing line. Also if what comes can no longer be written, there is none from now on. */
  #leave(): boolean {
    const wasOpen = this.#open;
    this.#open = false;
    return wasOpen;
  }
}

/** Standard error's. */
export const statusLine = new StatusLine();
