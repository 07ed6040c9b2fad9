import { oneLine, printable } from "./printable.ts";

/** A place that text is written to: standard error, or a stand-in in tests. */
export interface TextSink {
  isTerminal(): boolean;
  /** Characters in a row of the terminal; null, or absent: nobody knows. */
  columns?(): number | null;
  write(text: string): void;
}

const STANDARD_ERROR: TextSink = {
  isTerminal: () => Deno.stderr.isTerminal(),
  columns() {
    try {
      return Deno.consoleSize().columns || null;
    } catch {
      return null; // a terminal that does not tell
    }
  },
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

  /** Characters that a changing line has room for: a longer one would leave rows behind. */
  get room(): number {
    const columns = this.isTerminal ? this.sink.columns?.() ?? null : null;
    return columns === null ? Infinity : columns - 1;
  }

  /**
   * Shows a line in place of the last such one; where there is no terminal, as a line that stays. What there is no room
   * for is left out of its middle: it begins with what it is about, and ends with how long it takes.
   */
  update(line: string): void {
    if (!this.isTerminal) return this.print(oneLine(line));
    this.prompt(fitted(oneLine(line), this.room));
  }

  /** Shows a line, of any length, that an answer is typed after. */
  prompt(line: string): void {
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

/** Characters from here on may take two columns: Hangul, Chinese, Japanese, emoji. */
const WIDE = 0x1100;
/** Share of the room that the end of a line has, where its middle is left out. */
const ENDING = 0.6;

/** A line without its middle, if it has more characters than there is room for. */
function fitted(line: string, room: number): string {
  const characters = [...line], widths = characters.map((one) => one.codePointAt(0)! < WIDE ? 1 : 2);
  if (sum(widths) <= room) return line;
  const atEnd = taken(widths.toReversed(), ENDING * room), atStart = taken(widths, (1 - ENDING) * room - 1);
  return [...characters.slice(0, atStart), "…", ...characters.slice(characters.length - atEnd)].join("");
}

/** How many of the first characters there is room for. */
function taken(widths: readonly number[], room: number): number {
  let left = room;
  const first = widths.findIndex((width) => (left -= width) < 0);
  return first < 0 ? widths.length : first;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((a, b) => a + b, 0);
}

/** Standard error's. */
export const statusLine = new StatusLine();
