import type { z } from "zod";

/** Recipes' words for the types that schemas speak of. */
const NAMES: Record<string, string> = {
  number: "a number",
  int: "a whole number",
  string: "text",
  boolean: "true or false",
  null: "null",
  undefined: "nothing",
  object: "a mapping",
  record: "a mapping",
  array: "a list",
  tuple: "a list",
};

/** What a schema expected where it found something else, as a sentence; undefined: the schema's own words do. */
export function expectation(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case "invalid_type":
      return `Expected ${NAMES[issue.expected] ?? issue.expected}`;
    case "invalid_value":
      return `Expected ${oneOf(issue.values.map((value) => JSON.stringify(value)))}`;
    case "invalid_union": {
      const sentences = new Set(issue.errors.flat().map((inner) => inner.message.replace(/^Expected /, "")));
      return sentences.size > 0 ? `Expected ${oneOf([...sentences])}` : undefined;
    }
    case "too_small":
      return bound(issue.origin, issue.inclusive ? "at least" : "more than", issue.minimum);
    case "too_big":
      return bound(issue.origin, issue.inclusive ? "at most" : "less than", issue.maximum);
  }
}

function bound(origin: string, comparison: string, limit: number | bigint): string {
  const [one, more] = { array: ["entry", "entries"], string: ["character", "characters"] }[origin] ?? [];
  return one
    ? `Expected ${comparison} ${limit} ${Number(limit) === 1 ? one : more}`
    : `Expected a number of ${comparison} ${limit}`;
}

function oneOf(choices: string[]): string {
  const last = choices.at(-1);
  return choices.length > 1 ? `${choices.slice(0, -1).join(", ")} or ${last}` : `${last}`;
}
