import { printable, quoted } from "@seed/core";

/** Endings that are told; more are counted together. */
const NAMED = 5;

/** What a listing has passed over, to be told once. */
export class PassedOver {
  /** By their endings. */
  readonly #files = new Map<string, number>();
  readonly #links = { count: 0, first: "" };
  readonly #dangling = { count: 0, first: "" };

  /** A file that is not called as an image. */
  addFile(name: string): void {
    const dot = name.lastIndexOf("."), ending = dot > 0 ? name.slice(dot).toLowerCase() : "no ending";
    this.#files.set(ending, (this.#files.get(ending) ?? 0) + 1);
  }

  /** A link to a folder that is listed at another place, or in which the link lies. */
  addLink(path: string): void {
    if (this.#links.count++ === 0) this.#links.first = path;
  }

  /** A link that leads nowhere, and is not called as an image: once it may have been a folder of them. */
  addDangling(path: string): void {
    if (this.#dangling.count++ === 0) this.#dangling.first = path;
  }

  /** Of files, the most frequent endings first: `5000 other files: 4990 .heic, 10 .txt`. */
  describeFiles(): string {
    const sorted = [...this.#files].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
    const shown = sorted.slice(0, NAMED).map(([ending, count]) =>
      `${count} ${printable(ending.slice(0, 20))}`
    );
    const sum = (counts: typeof sorted) => counts.reduce((sum, [, count]) => sum + count, 0);
    const rest = sum(sorted.slice(NAMED)), all = sum(sorted);
    return `${all} other files${all ? `: ${shown.join(", ")}${rest ? ` and ${rest} more` : ""}` : ""}`;
  }

  /** Of links. */
  *describeLinks(): Generator<string> {
    if (this.#links.count) yield `${describe(this.#links)} to folders whose images are listed anyway`;
    if (this.#dangling.count) yield `${describe(this.#dangling)} to what is not there`;
  }

  /** What is to be said of the folder. */
  *messages(root: string): Generator<string> {
    const where = `Passed over in ${quoted(root, 300)}:`;
    if (this.#files.size) yield `${where} ${this.describeFiles()}, which are not read as images`;
    for (const links of this.describeLinks()) yield `${where} ${links}`;
  }
}

function describe({ count, first }: { count: number; first: string }): string {
  const target = quoted(targetOf(first), 300);
  return `${count} links, the first of them ${quoted(first, 300)} to ${target}: they lead`;
}

function targetOf(link: string): string {
  try {
    return Deno.readLinkSync(link);
  } catch {
    return "..."; // it has just gone, or is no link but a folder that was reached by one before
  }
}
