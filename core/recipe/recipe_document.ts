import {
  isCollection,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  parse,
  parseDocument,
  type YAMLMap,
} from "yaml";
import { RunError, UsageError } from "../errors.ts";

/** Where something stands in a recipe: keys and indices from the top. */
export type Path = readonly (string | number)[];

/** Something wrong with a recipe. */
export interface Problem {
  path: Path;
  message: string;
  /** Whether to point at the key instead of its value. */
  atKey?: boolean;
}

/** The recipe cannot be used; the message lists every problem with its place. */
export class RecipeError extends UsageError {
  override name = "RecipeError";
}

/** A parsed recipe that knows where everything stands. */
export class RecipeDocument {
  /** Text of the `--set` that gave a value, by path. */
  readonly #overridden = new Map<string, string>();

  private constructor(
    readonly path: string,
    private readonly text: string,
    private readonly lines: LineCounter,
    private readonly document: ReturnType<typeof parseDocument>,
  ) {}

  /**
   * Reads a recipe: YAML 1.2, data only.
   *
   * @param overrides `key.path=value` each, the value in YAML.
   * @throws {RecipeError} If it is not YAML, or an override is not of that form.
   */
  static async read(path: string, overrides: readonly string[]): Promise<RecipeDocument> {
    const text = await readText(path), lines = new LineCounter();
    const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
    const recipe = new RecipeDocument(path, text, lines, document);
    const errors = [...document.errors, ...document.warnings];
    if (errors.length) {
      throw new RecipeError(errors.map(({ pos, message }) => recipe.#at(pos[0], message)).join("\n"));
    }
    if (!isMap(document.contents)) {
      throw new RecipeError(`${path}: The recipe must be a mapping of sections such as "data:"`);
    }
    for (const override of overrides) recipe.#override(override);
    return recipe;
  }

  /** The content as plain values. */
  values(): Record<string, unknown> {
    try {
      return this.document.toJS({ maxAliasCount: 100 });
    } catch (error) {
      throw new RecipeError(`${this.path}: ${(error as Error).message}`);
    }
  }

  /** `file:line:column` of a path, or the override that gave it. */
  place(path: Path): string {
    return this.#overrideOf(path) ?? this.#position(this.#offset(path, false));
  }

  /** All problems as one error, in the file's order, overrides last: place, message, the line, and a caret. */
  error(problems: readonly Problem[]): RecipeError {
    const located = problems.map(({ path, message, atKey }) => {
      const override = this.#overrideOf(path);
      if (override) return { offset: Infinity, text: `${override}: ${message}` };
      const offset = this.#offset(path, atKey ?? false);
      return { offset, text: this.#at(offset, message) };
    });
    located.sort((a, b) => a.offset === b.offset ? 0 : a.offset - b.offset);
    return new RecipeError(located.map(({ text }) => text).join("\n"));
  }

  #override(text: string): void {
    const [, keys, value] = text.match(/^([^=.]+(?:\.[^=.]+)*)=(.*)$/s) ?? [];
    if (keys === undefined) throw new UsageError(`--set "${text}" is not of the form key.path=value`);
    const path = keys.split(".").map((part) => /^\d+$/.test(part) ? Number(part) : part);
    for (let depth = 1; depth < path.length; depth++) {
      this.#makeHolder(path.slice(0, depth), path[depth], text);
    }
    this.document.setIn(path, this.document.createNode(parseValue(value, text)));
    this.#overridden.set(path.join("."), text);
  }

  /** Makes sure that a value can have the key of an override below it; where there is none yet it gets a mapping. */
  #makeHolder(path: Path, key: string | number, override: string): void {
    const holder = this.document.getIn(path, true), name = path.join(".");
    if (isScalar(holder) && holder.value === null) this.document.setIn(path, this.document.createNode({}));
    else if (isNode(holder) && !isCollection(holder)) {
      throw new UsageError(`--set "${override}": "${name}" has no keys below it`);
    } else if (isSeq(holder) && !(typeof key === "number" && key <= holder.items.length)) {
      const entries = holder.items.length;
      throw new UsageError(
        `--set "${override}": "${name}" is a list of ${entries}; name an entry by its number, from 0`,
      );
    }
  }

  #overrideOf(path: Path): string | null {
    for (let depth = path.length; depth > 0; depth--) {
      const text = this.#overridden.get(path.slice(0, depth).join("."));
      if (text !== undefined) return `--set ${text}`;
    }
    return null;
  }

  /** Offset in the text of the deepest part of a path that is there. */
  #offset(path: Path, atKey: boolean): number {
    for (let depth = path.length; depth > 0; depth--) {
      const parent = this.document.getIn(path.slice(0, depth - 1), true) ?? this.document.contents;
      const holder = depth === 1 ? this.document.contents : parent;
      const wantsKey = atKey || depth < path.length;
      if (isMap(holder)) {
        const pair = (holder as YAMLMap).items.find(({ key }) => String(key) === String(path[depth - 1]));
        const node = pair && (wantsKey ? pair.key : pair.value ?? pair.key);
        if (isNode(node) && node.range) return node.range[0];
      }
      const node = this.document.getIn(path.slice(0, depth), true);
      if (isNode(node) && node.range) return node.range[0];
    }
    return 0;
  }

  #position(offset: number): string {
    const { line, col } = this.lines.linePos(offset);
    return `${this.path}:${line}:${col}`;
  }

  #at(offset: number, message: string): string {
    const { line, col } = this.lines.linePos(offset);
    const source = this.text.split("\n")[line - 1] ?? "";
    return `${this.path}:${line}:${col}: ${message}\n    ${source}\n    ${" ".repeat(col - 1)}^`;
  }
}

function parseValue(value: string, override: string): unknown {
  try {
    return parse(value);
  } catch (error) {
    const [reason] = (error as Error).message.split("\n");
    // A workspace name begins with a sign that YAML reserves.
    const quotes = value.startsWith("@") ? `; in YAML it needs quotes: '"${value}"'` : "";
    throw new UsageError(`--set "${override}": the value is not YAML: ${reason}${quotes}`);
  }
}

async function readText(path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) {
      throw new UsageError(`There is no recipe "${path}"; \`deno task ls\` lists those that come with SEED`);
    }
    throw new RunError(`Cannot read the recipe "${path}": ${(error as Error).message}`, { cause: error });
  }
}
