import { isMap, isNode, isSeq, type Node, type Pair, type YAMLMap } from "yaml";
import { UsageError } from "../errors.ts";
import { oneLine, printable } from "../text/printable.ts";
import { readRecipeText } from "./recipe_text.ts";
import { parseYaml, type Yaml } from "./recipe_yaml.ts";

/** Where something stands in a recipe: keys and indices from the top. */
export type Path = readonly (string | number)[];

/** The recipe cannot be used; the message lists every problem with its place. */
export class RecipeError extends UsageError {
  override name = "RecipeError";
}

/** Problems that are listed; people mend some and look again. */
const MOST_PROBLEMS = 20;
/** Characters of a message, which tells names and values of the recipe. */
const MOST_OF_MESSAGE = 1500;
/** Characters of a line that are shown, around the place. */
const MOST_OF_LINE = 160;

/** One error of several problems, as many as are of use. */
export function errorOf(texts: readonly (() => string)[]): RecipeError {
  const more = texts.length - MOST_PROBLEMS;
  return new RecipeError(
    [
      ...texts.slice(0, MOST_PROBLEMS).map((text) => text()),
      ...more > 0 ? [`... and ${more} more ${more > 1 ? "problems" : "problem"}`] : [],
    ].join("\n"),
  );
}

/** What a message tells of a recipe, in bounds, on one line and safe to print. */
export function bounded(message: string): string {
  return oneLine(message.length > MOST_OF_MESSAGE ? `${message.slice(0, MOST_OF_MESSAGE)}...` : message);
}

/** A parsed file that knows where everything in it stands. */
export class RecipeFile {
  /** Entries by key, of the mappings that were asked for. */
  readonly #entries = new WeakMap<YAMLMap, Map<string, Pair>>();

  private constructor(
    readonly path: string,
    private readonly text: string,
    private readonly yaml: Yaml,
  ) {}

  /**
   * Reads a file.
   *
   * @param missing Makes the error if there is none.
   * @throws {RecipeError} If it is not YAML.
   */
  static async read(path: string, missing: () => UsageError): Promise<RecipeFile> {
    return RecipeFile.parse(path, await readRecipeText(path, missing));
  }

  static parse(path: string, text: string): RecipeFile {
    const yaml = parseYaml(text), file = new RecipeFile(path, text, yaml), { problems } = yaml;
    if (problems.length) {
      throw errorOf(problems.map(({ offset, message }) => () => file.at(offset, message)));
    }
    if (!isMap(yaml.document.contents)) {
      throw new RecipeError(`${oneLine(path)}: The recipe must be a mapping of sections such as "data:"`);
    }
    return file;
  }

  /** The content as plain values, none of them shared. */
  values(): Record<string, unknown> {
    return this.yaml.values() as Record<string, unknown>;
  }

  /** What the file extends, if it is text. */
  get parent(): unknown {
    return this.yaml.document.get("extends");
  }

  /** Offset in the text of the deepest part of a path that is there. */
  offset(path: Path, atKey: boolean): number {
    let holder: unknown = this.yaml.document.contents, offset = 0;
    for (const [depth, step] of path.entries()) {
      const { key, value } = this.#entry(holder, step);
      // What is missing below a mapping is told at the mapping's key.
      const places = depth === path.length - 1 && !atKey ? [value, key] : [key, value];
      const node = places.find((node) => isNode(node) && node.range) as Node | undefined;
      if (!node) break;
      offset = node.range![0];
      holder = value;
    }
    return offset;
  }

  /** `file:line:column`. */
  position(offset: number): string {
    const { line, col } = this.yaml.lines.linePos(offset);
    return `${oneLine(this.path)}:${line}:${col}`;
  }

  /** A message with its place, the line there, cut if it is long, and a caret. */
  at(offset: number, message: string): string {
    const { col } = this.yaml.lines.linePos(offset), start = offset - (col - 1);
    const newline = this.text.indexOf("\n", start), last = newline < 0 ? this.text.length : newline;
    const end = this.text[last - 1] === "\r" ? last - 1 : last;
    const from = Math.max(start, Math.min(offset - MOST_OF_LINE / 2, end - MOST_OF_LINE));
    const to = Math.min(end, from + MOST_OF_LINE);
    const before = (from > start ? "..." : "") + printable(this.text.slice(from, offset));
    const line = before + printable(this.text.slice(offset, to)) + (to < end ? "..." : "");
    return `${this.position(offset)}: ${bounded(message)}\n    ${line.trimEnd()}\n    ${
      " ".repeat(before.length)
    }^`;
  }

  #entry(holder: unknown, step: string | number): { key?: unknown; value?: unknown } {
    if (isSeq(holder)) return { value: holder.items[Number(step)] };
    if (!isMap(holder)) return {};
    let entries = this.#entries.get(holder);
    if (!entries) {
      this.#entries.set(holder, entries = new Map(holder.items.map((pair) => [String(pair.key), pair])));
    }
    return entries.get(String(step)) ?? {};
  }
}
