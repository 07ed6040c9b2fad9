/**
 * YAML as recipes and `--set` have it: data of bounded size. An alias stands for a copy of what it names, so a few
 * lines can name billions of values, or themselves.
 *
 * @module
 */
import {
  Composer,
  type Document,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  Parser,
  type YAMLMap,
  YAMLParseError,
} from "yaml";

/** Levels of mappings and lists; those of recipes are five. */
export const MOST_LEVELS = 32;
/** Values and keys, with aliases as the copies that they stand for; recipes have about a hundred. */
const MOST_VALUES = 100_000;

/** Something wrong with the YAML itself. */
export interface YamlProblem {
  /** Into the text. */
  offset: number;
  message: string;
}

/** A parsed text: what it says, where everything stands, and what is wrong, which leaves `values` unknown. */
export interface Yaml {
  document: Document.Parsed;
  lines: LineCounter;
  problems: YamlProblem[];
  /** Plain values, none of them shared. */
  values(): unknown;
}

/** Parses a text; what is wrong with it is told, not thrown. */
export function parseYaml(text: string): Yaml {
  const lines = new LineCounter(), limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 0; // a text may have a hundred thousand errors, and their traces are of no use
  let document: Document.Parsed;
  try {
    document = parse(text, lines);
  } finally {
    Error.stackTraceLimit = limit;
  }
  const problems = [...document.errors, ...document.warnings].map(({ pos, message, code }) => ({
    offset: pos[0],
    message: code === "RESOURCE_EXHAUSTION" ? tooDeep : message,
  }));
  const deep = problems.filter(({ message }) => message === tooDeep).slice(0, 1);
  const found = problems.length || !document.contents ? problems : new Walk().problems(document.contents);
  return {
    document,
    lines,
    problems: deep.length ? deep : found,
    values: () => unshared(document.toJS({ maxAliasCount: -1 })),
  };
}

/**
 * What a text says.
 *
 * @throws {Error} With the first thing that is wrong with it.
 */
export function yamlValues(text: string): unknown {
  const { problems: [problem], values } = parseYaml(text);
  if (problem) throw new Error(problem.message);
  return values();
}

/** Tokens that are none, after which a text is not looked at further. */
const MOST_STRAY = 100;

/** The library's `parseDocument` for texts that may be anything. */
function parse(text: string, lines: LineCounter): Document.Parsed {
  // Whether keys are unique is looked at below: the library compares each with each.
  const composer = new Composer({ uniqueKeys: false });
  function* tokens() {
    let stray = 0;
    for (const token of new Parser(lines.addNewLine).parse(text)) {
      if (token.type === "error" && ++stray > MOST_STRAY) return;
      yield token;
    }
  }
  const [document, another] = composer.compose(tokens(), true, text.length);
  if (another) {
    document.errors.push(
      new YAMLParseError(another.range.slice(0, 2) as [number, number], "MULTIPLE_DOCS", SEVERAL),
    );
  }
  return document as Document.Parsed;
}

const SEVERAL = "Source contains multiple documents; a recipe is one";

const tooDeep = `Expected at most ${MOST_LEVELS} levels of mappings and lists`;

/** Looks at every value once, in the order of the text. */
class Walk {
  readonly #anchors = new Map<string, Node>();
  /** How many values a node stands for, by node. */
  readonly #sizes = new Map<Node, number>();
  readonly #above: Node[] = [];
  readonly #problems: YamlProblem[] = [];

  /** The first thing that is wrong, and all keys that are there twice. */
  problems(contents: Node): YamlProblem[] {
    try {
      this.#size(contents);
    } catch (error) {
      if (!(error instanceof Stop)) throw error;
      this.#problems.push({ offset: error.node.range?.[0] ?? 0, message: error.message });
    }
    return this.#problems;
  }

  #size(node: Node): number {
    if (isAlias(node)) return this.#sizeOfAlias(node, node.source);
    if (this.#above.length > MOST_LEVELS) throw new Stop(node, tooDeep);
    const { anchor } = node as { anchor?: string };
    if (anchor !== undefined) this.#anchors.set(anchor, node);
    this.#above.push(node);
    let size = 1;
    for (const child of this.#childrenOf(node)) {
      size += this.#size(child);
      if (size > MOST_VALUES) {
        throw new Stop(
          child,
          `Excessive alias count or size: expected at most ${MOST_VALUES} values, with those that aliases stand for`,
        );
      }
    }
    this.#above.pop();
    this.#sizes.set(node, size);
    return size;
  }

  #sizeOfAlias(alias: Node, name: string): number {
    const source = this.#anchors.get(name);
    if (!source) {
      throw new Stop(alias, `Unresolved alias "*${name}": there is no anchor "&${name}" before it`);
    }
    if (this.#above.includes(source)) {
      throw new Stop(alias, `The alias "*${name}" stands within what it names, which would have no end`);
    }
    return this.#sizes.get(source)!;
  }

  *#childrenOf(node: Node): Generator<Node> {
    if (isSeq(node)) { for (const item of node.items) if (isNode(item)) yield item; }
    if (!isMap(node)) return;
    this.#checkKeys(node);
    for (const { key, value } of node.items) {
      if (isNode(key)) yield key;
      if (isNode(value)) yield value;
    }
  }

  #checkKeys({ items }: YAMLMap): void {
    const seen = new Set<string>();
    for (const { key } of items) {
      if (!isScalar(key)) {
        throw new Stop(key as Node, "Expected a key that is text, got a mapping, list or alias");
      }
      const name = String(key.value);
      if (name === "__proto__") throw new Stop(key, `No mapping of a recipe has the key "${name}"`);
      if (seen.has(name)) {
        this.#problems.push({ offset: key.range?.[0] ?? 0, message: "Map keys must be unique" });
      }
      seen.add(name);
    }
  }
}

class Stop extends Error {
  constructor(readonly node: Node, message: string) {
    super(message);
  }
}

/** A copy in which nothing is shared: what an alias names may be changed without changing what it is named by. */
function unshared(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(unshared);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, unshared(inner)]));
}
