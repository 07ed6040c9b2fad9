import { z } from "zod";
import { nearest } from "../text/nearest.ts";
import { expectation } from "./expectation.ts";
import type { Problem } from "./recipe_document.ts";
import { shown } from "./shown.ts";
import type { Path } from "./recipe_file.ts";

/** Options that fit, or what is wrong with them. */
export type Checked<T> = { value: T; problems: [] } | { value: null; problems: Problem[] };

/**
 * Checks values against a schema; problems get the path they are at, below `at`.
 *
 * @param moved Keys that stand elsewhere now, and where.
 */
export function checkOptions<S extends z.ZodType>(
  schema: S,
  values: unknown,
  at: Path,
  owner: string,
  moved: Readonly<Record<string, string>> = {},
): Checked<z.output<S>> {
  const { success, data, error } = schema.safeParse(values, { error: expectation });
  if (success) return { value: data, problems: [] };
  const problems = error.issues.flatMap((issue) => describe(schema, values, issue, at, owner, moved));
  // A key that is misspelt is not missing as well.
  const meant = problems.map(({ meant }) => meant).filter((path) => path !== undefined);
  return { value: null, problems: problems.filter(({ path }) => !meant.includes(path.join())) };
}

/** `meant` is the path, joined, of the key that an unknown one was likely meant to be. */
type Described = Problem & { meant?: string };

function describe(
  schema: z.ZodType,
  values: unknown,
  issue: z.core.$ZodIssue,
  at: Path,
  owner: string,
  moved: Readonly<Record<string, string>>,
): Described[] {
  const path = [...at, ...issue.path as (string | number)[]];
  if (issue.code === "unrecognized_keys") {
    const known = keysAt(schema, issue.path);
    return issue.keys.map((key) => {
      if (issue.path.length === 0 && Object.hasOwn(moved, key)) {
        const message = `The option "${key}" of ${owner} moved to ${moved[key]}; set it there`;
        return { path: [...path, key], atKey: true, message };
      }
      const close = nearest(key, known);
      const hint = close
        ? `Did you mean "${close}"?`
        : `It has ${known.map((k) => `"${k}"`).join(", ") || "no options"}`;
      return {
        path: [...path, key],
        atKey: true,
        message: `Unknown option "${key}" of ${owner}. ${hint}`,
        ...close && { meant: [...path, close].join() },
      };
    });
  }
  const branch = issue.code === "invalid_union" ? fitting(issue.errors) : null;
  if (branch) {
    return branch.flatMap((inner) =>
      describe(schema, values, { ...inner, path: [...issue.path, ...inner.path] }, at, owner, moved)
    );
  }
  const given = valueAt(values, issue.path);
  if (given === undefined) {
    const expected = issue.message.replace(/^Expected/, "expected");
    return [{
      path,
      atKey: true,
      message: `The option "${path.at(-1)}" of ${owner} is missing: ${expected}`,
    }];
  }
  return [{ path, message: `${issue.message}, got ${shown(given)}` }];
}

/** Of the choices of a union, what is wrong by the one that is for values of this type; null: it is not one alone. */
function fitting(choices: readonly z.core.$ZodIssue[][]): z.core.$ZodIssue[] | null {
  const meant = choices.filter((issues) =>
    !issues.some(({ path, code }) =>
      path.length === 0 && (code === "invalid_type" || code === "invalid_value")
    )
  );
  return meant.length === 1 ? meant[0] : null;
}

function valueAt(values: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, key) => (value as Record<PropertyKey, unknown> | undefined)?.[key],
    values,
  );
}

/** Keys that an object of the schema may have. */
function keysAt(schema: z.ZodType, path: readonly PropertyKey[]): string[] {
  let at = unwrap(schema);
  for (const key of path) at = at instanceof z.ZodObject ? unwrap(at.shape[key as string]) : at;
  return at instanceof z.ZodObject ? Object.keys(at.shape) : [];
}

/** The schema within defaults, optionals and the like. */
function unwrap(schema: z.ZodType): z.ZodType {
  let at = schema;
  while ("innerType" in at.def) at = at.def.innerType as z.ZodType;
  return at;
}
