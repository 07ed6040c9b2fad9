import { RunError, setIn, statusLine } from "@seed/core";

/** Asks somebody who sits at a terminal. */
export interface Asker {
  /**
   * @param usual Taken if nothing is given; null: it is asked again.
   * @returns what was given, without blanks around it.
   */
  ask(question: string, usual: string | null): Promise<string>;
}

/** Null: nobody sits there. */
export function terminalAsker(): Asker | null {
  return Deno.stdin.isTerminal() && Deno.stderr.isTerminal() ? new LineAsker(Deno.stdin.readable) : null;
}

/** Asks on standard error, and reads lines. */
export class LineAsker implements Asker {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #decoder = new TextDecoder();
  #read = "";

  constructor(
    input: ReadableStream<Uint8Array>,
    private readonly show: (text: string) => void = (text) => statusLine.prompt(text),
  ) {
    this.#reader = input.getReader();
  }

  async ask(question: string, usual: string | null): Promise<string> {
    for (;;) {
      this.show(setIn(`${question}${usual === null ? "" : ` [${usual}]`}: `));
      const given = await this.#line();
      if (given !== "") return given;
      if (usual !== null) return usual;
    }
  }

  /** @throws {EndOfInput} If the input ends before a line does. */
  async #line(): Promise<string> {
    let end: number;
    while ((end = this.#read.indexOf("\n")) < 0) {
      const { value, done } = await this.#reader.read();
      if (done) throw new EndOfInput();
      this.#read += this.#decoder.decode(value, { stream: true });
    }
    const line = this.#read.slice(0, end);
    this.#read = this.#read.slice(end + 1);
    return line.trim();
  }
}

/** Nothing more will be given: Ctrl-D. */
export class EndOfInput extends RunError {
  constructor() {
    super("The answers ended; nothing was written");
  }
}
