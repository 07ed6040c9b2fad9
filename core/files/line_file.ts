import { writingSync } from "./writing.ts";

/**
 * A text file that grows by whole lines: of a line that could not be written whole nothing stays, so that the next one
 * does not stand behind half of it.
 */
export class LineFile implements Disposable {
  readonly #encoder = new TextEncoder();
  /** Where the last whole line ends. */
  #end: number;

  private constructor(private readonly path: string, private readonly file: Deno.FsFile) {
    this.#end = file.statSync().size;
  }

  /** Opens a file that is there, and ends with a whole line, or is empty. */
  static open(path: string): LineFile {
    return writingSync(path, () => new LineFile(path, Deno.openSync(path, { append: true })));
  }

  /**
   * Adds a line.
   *
   * @throws {WriteError} If it cannot be written; the file is as it was.
   */
  append(line: string): void {
    const bytes = this.#encoder.encode(`${line}\n`);
    writingSync(this.path, () => {
      this.#dropTorn();
      try {
        for (let at = 0; at < bytes.length;) at += this.file.writeSync(bytes.subarray(at));
      } catch (error) {
        try {
          this.#dropTorn();
        } catch { /* the first error is the one to report; the next line, or the next reader, drops it */ }
        throw error;
      }
    });
    this.#end += bytes.length;
  }

  /**
   * Sees to it that what was added outlives a loss of power.
   *
   * @throws {WriteError} If it cannot.
   */
  sync(): void {
    writingSync(this.path, () => this.file.syncDataSync());
  }

  [Symbol.dispose](): void {
    this.file.close();
  }

  /** Cuts off what a write has left that broke off. */
  #dropTorn(): void {
    if (this.file.statSync().size > this.#end) this.file.truncateSync(this.#end);
  }
}
