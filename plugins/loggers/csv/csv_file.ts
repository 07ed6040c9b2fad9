import { LineFile, readTextIfThere, RunError, writeTextAtomically } from "@seed/core";
import { rowOf, rowsOf } from "./rows.ts";

type Cell = string | number | null;

/** A file of rows about steps, which grows; its first column is `step`. */
export class CsvFile implements Disposable {
  #lines: LineFile;

  /** @param columns Of the header; empty: the first row is to tell them. */
  private constructor(private readonly path: string, private columns: readonly string[]) {
    this.#lines = LineFile.open(path);
  }

  /**
   * Opens it to go on: rows of steps that are taken again are cut off.
   *
   * @param keeps Whether a row about a step stays.
   * @param columns Of a new file; null: those of the first row.
   * @throws {RunError} If it cannot be read or written, or is no such file.
   */
  static async open(
    path: string,
    keeps: (step: number) => boolean,
    columns: readonly string[] | null,
  ): Promise<CsvFile> {
    const [header, ...rows] = rowsOf(await readTextIfThere(path) ?? "");
    if (header && header.cells[0] !== "step") {
      throw new RunError(`"${path}" is no file of this logger: its first column is not "step"; name another`);
    }
    const kept = rows.filter(({ cells: [step] }) => keeps(Number(step)));
    const known = kept.length || columns ? header?.cells ?? columns : null;
    const texts = known ? [`${rowOf(known)}\n`, ...kept.map(({ text }) => text)] : [];
    await writeTextAtomically(path, texts.join(""));
    return new CsvFile(path, known ?? []);
  }

  /**
   * Adds a row. The first row's names are the columns of all.
   *
   * @returns names that there is no column for.
   * @throws {RunError} If it cannot be written.
   */
  add(values: Readonly<Record<string, Cell>>): string[] {
    if (this.columns.length === 0) {
      this.columns = Object.keys(values);
      this.#lines.append(rowOf(this.columns));
    }
    this.#lines.append(rowOf(this.columns.map((column) => values[column] ?? null)));
    return Object.keys(values).filter((name) => !this.columns.includes(name));
  }

  [Symbol.dispose](): void {
    this.#lines[Symbol.dispose]();
  }
}
