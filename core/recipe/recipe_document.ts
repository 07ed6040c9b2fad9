import { dirname, isAbsolute, join, resolve } from "node:path";
import {
  Document,
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
import { commandLine } from "../text/command_line.ts";
import { oneLine, printable } from "../text/printable.ts";

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

/** A parsed file that knows where everything in it stands. */
class RecipeFile {
  private constructor(
    readonly path: string,
    private readonly text: string,
    private readonly lines: LineCounter,
    private readonly document: ReturnType<typeof parseDocument>,
  ) {}

  static parse(path: string, text: string): RecipeFile {
    const lines = new LineCounter();
    const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
    const file = new RecipeFile(path, text, lines, document);
    const errors = [...document.errors, ...document.warnings];
    if (errors.length) {
      throw new RecipeError(errors.map(({ pos, message }) => file.at(pos[0], message)).join("\n"));
    }
    if (!isMap(document.contents)) {
      throw new RecipeError(`${path}: The recipe must be a mapping of sections such as "data:"`);
    }
    return file;
  }

  /** The content as plain values. */
  values(): Values {
    try {
      return this.document.toJS({ maxAliasCount: 100 });
    } catch (error) {
      throw new RecipeError(`${this.path}: ${(error as Error).message}`);
    }
  }

  /** Offset in the text of the deepest part of a path that is there. */
  offset(path: Path, atKey: boolean): number {
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

  /** `file:line:column`. */
  position(offset: number): string {
    const { line, col } = this.lines.linePos(offset);
    return `${this.path}:${line}:${col}`;
  }

  /** A message with its place, the line there, and a caret. */
  at(offset: number, message: string): string {
    const { line, col } = this.lines.linePos(offset);
    const source = (this.text.split("\n")[line - 1] ?? "").replace(/\r$/, "");
    const before = printable(source.slice(0, col - 1)).length;
    return `${oneLine(this.path)}:${line}:${col}: ${oneLine(message)}\n    ${printable(source)}\n    ${
      " ".repeat(before)
    }^`;
  }
}

type Values = Record<string, unknown>;

/**
 * A recipe as it is written, with what it extends, and the place of everything in it.
 *
 * A recipe may extend one other, which may extend another. Mappings are merged key by key, all else is replaced. A
 * mapping that names another plugin stands alone: options of one plugin mean nothing to another.
 */
export class RecipeDocument {
  /** Text of the `--set` that gave a value, by path. */
  readonly #overridden = new Map<string, string>();
  /** Which file a value is of, by path. */
  readonly #owners = new Map<string, RecipeFile>();
  readonly #document: Document;

  /** @param files The recipe, what it extends, and so on. */
  private constructor(
    readonly path: string,
    private readonly files: readonly RecipeFile[],
    reading: (values: Values) => Readonly<Values>,
  ) {
    const merged: Values = {};
    for (const file of files.toReversed()) {
      const { extends: _, ...values } = reading(file.values());
      this.#merge(merged, values, [], file);
    }
    this.#document = new Document(merged);
  }

  /**
   * Reads a recipe: YAML 1.2, data only.
   *
   * @param overrides `key.path=value` each, the value in YAML.
   * @param reading Makes of what a file says what it means; default: that itself.
   * @throws {RecipeError} If it, or what it extends, is not YAML or not there, or an override is not of that form.
   */
  static async read(
    path: string,
    overrides: readonly string[],
    reading: (values: Values) => Readonly<Values> = (values) => values,
  ): Promise<RecipeDocument> {
    const files = [RecipeFile.parse(path, await readText(path))];
    for (let next = parentOf(files); next !== null; next = parentOf(files)) {
      files.push(RecipeFile.parse(next.path, await readText(next.path, next.problem)));
    }
    const recipe = new RecipeDocument(path, files, reading);
    for (const override of overrides) recipe.#override(override);
    return recipe;
  }

  /** The content as plain values. */
  values(): Values {
    return this.#document.toJS();
  }

  /** `file:line:column` of a path, or the override that gave it. */
  place(path: Path): string {
    const file = this.#fileOf(path);
    return this.#overrideOf(path) ?? file.position(file.offset(path, false));
  }

  /** Whether a value is an override's, not a file's. */
  isOverridden(path: Path): boolean {
    return this.#overrideOf(path) !== null;
  }

  /** Path of the file that a value is written in: relative names in it begin there. */
  fileOf(path: Path): string {
    return this.#overrideOf(path) ? this.path : this.#fileOf(path).path;
  }

  /** All problems as one error, file by file in their order, overrides last: place, message, the line, and a caret. */
  error(problems: readonly Problem[]): RecipeError {
    const located = problems.map(({ path, message, atKey }) => {
      const override = this.#overrideOf(path);
      if (override) return { file: Infinity, offset: 0, text: oneLine(`${override}: ${message}`) };
      const file = this.#fileOf(path), offset = file.offset(path, atKey ?? false);
      return { file: this.files.indexOf(file), offset, text: file.at(offset, message) };
    });
    located.sort((a, b) => a.file === b.file ? a.offset - b.offset : a.file - b.file);
    return new RecipeError(located.map(({ text }) => text).join("\n"));
  }

  #merge(into: Values, values: Values, at: Path, file: RecipeFile): void {
    for (const [key, value] of Object.entries(values)) {
      const path = [...at, key], inherited = into[key];
      if (isMapping(value) && isMapping(inherited) && !namesAnotherPlugin(value, inherited)) {
        this.#own(path, file);
        this.#merge(inherited, value, path, file);
      } else {
        const prefix = `${path.join(".")}.`;
        for (const known of [...this.#owners.keys()]) {
          if (known.startsWith(prefix)) this.#owners.delete(known);
        }
        into[key] = value;
        this.#ownAll(path, value, file);
      }
    }
  }

  #own(path: Path, file: RecipeFile): void {
    this.#owners.set(path.join("."), file);
  }

  #ownAll(path: Path, value: unknown, file: RecipeFile): void {
    this.#own(path, file);
    if (typeof value !== "object" || value === null) return;
    for (const [key, inner] of Object.entries(value)) this.#ownAll([...path, key], inner, file);
  }

  /** The file that holds the deepest part of a path that is there; of nothing, the recipe itself. */
  #fileOf(path: Path): RecipeFile {
    for (let depth = path.length; depth > 0; depth--) {
      const owner = this.#owners.get(path.slice(0, depth).join("."));
      if (owner) return owner;
    }
    return this.files[0];
  }

  #override(text: string): void {
    const [, keys, value] = text.match(/^([^=.]+(?:\.[^=.]+)*)=(.*)$/s) ?? [];
    if (keys === undefined) throw new UsageError(`--set "${text}" is not of the form key.path=value`);
    const path = keys.split(".").map((part) => /^\d+$/.test(part) ? Number(part) : part);
    for (let depth = 1; depth < path.length; depth++) {
      this.#makeHolder(path.slice(0, depth), path[depth], text);
    }
    this.#document.setIn(path, this.#document.createNode(parseValue(value, text)));
    this.#overridden.set(path.join("."), text);
  }

  /** Makes sure that a value can have the key of an override below it; where there is none yet it gets a mapping. */
  #makeHolder(path: Path, key: string | number, override: string): void {
    const holder = this.#document.getIn(path, true), name = path.join(".");
    if (isScalar(holder) && holder.value === null) this.#document.setIn(path, this.#document.createNode({}));
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

/** What the last of the files extends, or null. */
function parentOf(
  files: readonly RecipeFile[],
): { path: string; problem: (message: string) => RecipeError } | null {
  const file = files.at(-1)!, parent = file.values().extends;
  if (parent === undefined) return null;
  const problem = (message: string) => new RecipeError(file.at(file.offset(["extends"], false), message));
  if (typeof parent !== "string") throw problem("Expected the path of a recipe, such as ./effb0.yaml");
  const path = isAbsolute(parent) ? parent : join(dirname(file.path), parent);
  if (files.some((other) => resolve(other.path) === resolve(path))) {
    throw problem(`The recipe extends itself: ${[...files.map(({ path }) => path), path].join(" -> ")}`);
  }
  return { path, problem };
}

function isMapping(value: unknown): value is Values {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function namesAnotherPlugin({ plugin }: Values, inherited: Values): boolean {
  return plugin !== undefined && plugin !== inherited.plugin;
}

/** @param problem Makes the error of the place that names the recipe, if one does. */
async function readText(path: string, problem?: (message: string) => RecipeError): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) {
      if (problem) throw problem(`There is no recipe "${path}" to extend`);
      throw new UsageError(
        `There is no recipe "${path}"; \`${commandLine("ls", ["recipes"])}\` lists those that come with SEED`,
      );
    }
    throw new RunError(`Cannot read the recipe "${path}": ${(error as Error).message}`, { cause: error });
  }
}
