import { dirname, isAbsolute, join, resolve } from "node:path";
import { Document, isCollection, isNode, isScalar, isSeq } from "yaml";
import { UsageError } from "../errors.ts";
import { commandLine } from "../text/command_line.ts";
import { oneLine, quoted } from "../text/printable.ts";
import { bounded, errorOf, type Path, RecipeError, RecipeFile } from "./recipe_file.ts";
import { MOST_LEVELS, parseYaml } from "./recipe_yaml.ts";

/** Something wrong with a recipe. */
export interface Problem {
  path: Path;
  message: string;
  /** Whether to point at the key instead of its value. */
  atKey?: boolean;
}

type Values = Record<string, unknown>;

/** Which file a value is of, and which those within it are of. */
interface Owner {
  file: RecipeFile;
  below: Map<string, Owner>;
}

/** Files that one may extend after the other; the recipes of SEED take three. */
const MOST_FILES = 16;

/**
 * A recipe as it is written, with what it extends, and the place of everything in it.
 *
 * A recipe may extend one other, which may extend another. Mappings are merged key by key, all else is replaced. A
 * mapping that names another plugin stands alone: options of one plugin mean nothing to another.
 */
export class RecipeDocument {
  /** Text of the `--set` that gave a value, by path. */
  readonly #overridden = new Map<string, string>();
  /** Which file a value is of. */
  readonly #owners: Owner;
  readonly #document: Document;

  /** @param files The recipe, what it extends, and so on. */
  private constructor(
    readonly path: string,
    private readonly files: readonly RecipeFile[],
    reading: (values: Values) => Readonly<Values>,
  ) {
    const merged: Values = Object.create(null);
    this.#owners = { file: files[0], below: new Map() };
    for (const file of files.toReversed()) {
      const { extends: _, ...values } = reading(file.values());
      merge(merged, values, this.#owners, file);
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
    const files = [
      await RecipeFile.read(
        path,
        () =>
          new UsageError(
            `There is no recipe ${quoted(path, 300)}; \`${
              commandLine("ls", ["recipes"])
            }\` lists those that come with SEED`,
          ),
      ),
    ];
    for (let next = parentOf(files); next !== null; next = parentOf(files)) {
      const { path, problem } = next;
      files.push(
        await RecipeFile.read(path, () => problem(`There is no recipe ${quoted(path, 300)} to extend`)),
      );
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
    return this.#overrideAbove(path) !== null;
  }

  /** Whether an override gave a value, or something within it. */
  isTouched(path: Path): boolean {
    return this.isOverridden(path) || this.#overriddenWithin(path).length > 0;
  }

  /** Path of the file that a value is written in: relative names in it begin there. */
  fileOf(path: Path): string {
    return this.#overrideOf(path) ? this.path : this.#fileOf(path).path;
  }

  /** All problems as one error, file by file in their order, overrides last: place, message, the line, and a caret. */
  error(problems: readonly Problem[]): RecipeError {
    const located = [], told = new Set<string>();
    for (const { path, message, atKey } of problems) {
      const override = this.#overrideOf(path);
      if (override) {
        const text = `${override}: ${bounded(message)}`;
        // Entries of a list have one override, and often the same fault.
        if (!told.has(text)) located.push({ file: Infinity, offset: 0, text: () => text });
        told.add(text);
      } else {
        const file = this.#fileOf(path), offset = file.offset(path, atKey ?? false);
        located.push({ file: this.files.indexOf(file), offset, text: () => file.at(offset, message) });
      }
    }
    located.sort((a, b) => a.file === b.file ? a.offset - b.offset : a.file - b.file);
    return errorOf(located.map(({ text }) => text));
  }

  /** The file that holds the deepest part of a path that is there; of nothing, the recipe itself. */
  #fileOf(path: Path): RecipeFile {
    for (let depth = path.length; depth >= 0; depth--) {
      const owner = this.#ownerOf(path.slice(0, depth));
      if (owner) return owner.file;
    }
    return this.files[0];
  }

  #ownerOf(path: Path): Owner | null {
    let owner: Owner | undefined = this.#owners;
    for (const key of path) owner = owner?.below.get(String(key));
    return owner ?? null;
  }

  /** Texts of the overrides of what is within a value. */
  #overriddenWithin(path: Path): string[] {
    const prefix = `${path.join(".")}.`;
    return [...this.#overridden].flatMap(([key, text]) => key.startsWith(prefix) ? [text] : []);
  }

  #override(text: string): void {
    const [, keys, value] = text.match(/^([^=.]+(?:\.[^=.]+)*)=(.*)$/s) ?? [];
    if (keys === undefined) throw new UsageError(`${setting(text)} is not of the form key.path=value`);
    const path = keys.split(".").map((part) => /^\d+$/.test(part) ? Number(part) : part);
    if (path.length > MOST_LEVELS) {
      throw new UsageError(`${setting(text)}: expected at most ${MOST_LEVELS} keys`);
    }
    for (let depth = 1; depth < path.length; depth++) {
      this.#makeHolder(path.slice(0, depth), path[depth], text);
    }
    this.#document.setIn(path, this.#document.createNode(parseValue(value, text)));
    this.#overridden.set(path.join("."), text);
  }

  /** Makes sure that a value can have the key of an override below it; where there is none yet it gets a mapping. */
  #makeHolder(path: Path, key: string | number, override: string): void {
    const holder = this.#document.getIn(path, true), name = path.join(".");
    const refuse = (problem: string) => new UsageError(`${setting(override)}: ${quoted(name)} ${problem}`);
    if (isScalar(holder) && holder.value === null) this.#document.setIn(path, this.#document.createNode({}));
    else if (isNode(holder) && !isCollection(holder)) throw refuse("has no keys below it");
    else if (isSeq(holder) && !(typeof key === "number" && key <= holder.items.length)) {
      throw refuse(`is a list of ${holder.items.length}; name an entry by its number, from 0`);
    } else if (holder === undefined && typeof key === "number" && key > 0) {
      throw refuse("is not there, so its first entry has the number 0");
    }
  }

  #overrideOf(path: Path): string | null {
    // What no file has was made for the sake of what is set within it.
    const text = this.#overrideAbove(path) ??
      (this.#ownerOf(path) ? undefined : this.#overriddenWithin(path)[0]);
    return text === undefined ? null : `--set ${cut(text)}`;
  }

  /** Text of the override that gave a value. */
  #overrideAbove(path: Path): string | null {
    for (let depth = path.length; depth > 0; depth--) {
      const text = this.#overridden.get(path.slice(0, depth).join("."));
      if (text !== undefined) return text;
    }
    return null;
  }
}

/** An override for a message. */
function setting(override: string): string {
  return `--set "${cut(override)}"`;
}

function cut(override: string): string {
  return oneLine(override.length > 160 ? `${override.slice(0, 160)}...` : override);
}

function parseValue(value: string, override: string): unknown {
  const yaml = parseYaml(value), [problem] = yaml.problems;
  if (!problem) return yaml.values();
  // A workspace name begins with a sign that YAML reserves.
  const quotes = value.startsWith("@") ? `; in YAML it needs quotes: '"${cut(value)}"'` : "";
  throw new UsageError(`${setting(override)}: the value is not YAML: ${bounded(problem.message)}${quotes}`);
}

/** Puts a file's values over those that it extends. */
function merge(into: Values, values: Values, owner: Owner, file: RecipeFile): void {
  for (const [key, value] of Object.entries(values)) {
    const inherited = into[key], known = owner.below.get(key);
    if (known && isMapping(value) && isMapping(inherited) && !namesAnotherPlugin(value, inherited)) {
      known.file = file;
      merge(inherited, value, known, file);
    } else {
      into[key] = value;
      owner.below.set(key, ownedBy(file, value));
    }
  }
}

function ownedBy(file: RecipeFile, value: unknown): Owner {
  const entries = typeof value === "object" && value !== null ? Object.entries(value) : [];
  return { file, below: new Map(entries.map(([key, inner]) => [key, ownedBy(file, inner)])) };
}

/** What the last of the files extends, or null. */
function parentOf(
  files: readonly RecipeFile[],
): { path: string; problem: (message: string) => RecipeError } | null {
  const file = files.at(-1)!, { parent } = file;
  if (parent === undefined) return null;
  const problem = (message: string) => new RecipeError(file.at(file.offset(["extends"], false), message));
  if (typeof parent !== "string") throw problem("Expected the path of a recipe, such as ./effb0.yaml");
  const path = isAbsolute(parent) ? parent : join(dirname(file.path), parent);
  if (files.length >= MOST_FILES) {
    throw problem(`Expected at most ${MOST_FILES} recipes that extend one another`);
  }
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
