import { z } from "zod";
import type { Path, RecipeError } from "./recipe_file.ts";
import type { Problem, RecipeDocument } from "./recipe_document.ts";
import { shown } from "./shown.ts";

/** A recipe as its loader sees it: one student, and the place of everything. */
export type RecipeView = Pick<
  RecipeDocument,
  "values" | "place" | "isOverridden" | "isTouched" | "fileOf" | "error"
>;

/** One of the students that a recipe has under `students:`; null: it has one, under `student:`. */
export interface NamedView {
  name: string | null;
  view: RecipeView;
}

/** What a student's folder is called: no other file name on any system, and no option of a command line. */
export const STUDENT_NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,59}$/;

/** Of one recipe. */
export const MOST_STUDENTS = 100;

const STUDENTS = z.array(z.record(z.string(), z.unknown())).min(1).max(MOST_STUDENTS);

/**
 * A recipe as often as it has students, each time as if it had that one alone.
 *
 * @throws {RecipeError} If `students` is no list of them, or their names are none, with the place.
 */
export function viewsOf(document: RecipeDocument): NamedView[] {
  const { student, students } = document.values();
  if (students === undefined || students === null) return [{ name: null, view: document }];
  const refuse = (path: Path, message: string): RecipeError => document.error([{ path, message }]);
  if (student !== undefined && student !== null) {
    throw refuse(["student"], "The recipe has both student and students; name them all in students");
  }
  const { data: list } = STUDENTS.safeParse(students);
  if (!list) {
    const expected = "Expected a list of 1 to 100 students such as [{ name: small, plugin: NAME }]";
    throw refuse(["students"], `${expected}, got ${shown(students)}`);
  }
  const seen = new Map<string, number>();
  return list.map(({ name }, i) => {
    const at = ["students", i, "name"];
    if (typeof name !== "string" || !STUDENT_NAME.test(name) || name.endsWith(".")) {
      const expected = "Expected a name for the student's folder, of letters, digits, _, - and .";
      throw refuse(name === undefined ? ["students", i] : at, `${expected}, got ${shown(name)}`);
    }
    const key = name.toLowerCase(), first = seen.get(key); // some systems' folders do not tell a from A
    if (first !== undefined) {
      throw refuse(at, `The students ${first + 1} and ${i + 1} have one name, "${name}"`);
    }
    seen.set(key, i);
    return { name, view: new OneStudent(document, i) };
  });
}

class OneStudent implements RecipeView {
  constructor(private readonly document: RecipeDocument, private readonly index: number) {}

  values(): Record<string, unknown> {
    const { students, ...values } = this.document.values();
    const { name: _, ...student } = (students as Record<string, unknown>[])[this.index];
    return { ...values, student };
  }

  place(path: Path): string {
    return this.document.place(this.#at(path));
  }

  isOverridden(path: Path): boolean {
    return this.document.isOverridden(this.#at(path));
  }

  isTouched(path: Path): boolean {
    return this.document.isTouched(this.#at(path));
  }

  fileOf(path: Path): string {
    return this.document.fileOf(this.#at(path));
  }

  error(problems: readonly Problem[]): RecipeError {
    return this.document.error(problems.map((problem) => ({ ...problem, path: this.#at(problem.path) })));
  }

  /** Where something of its student stands. */
  #at([section, ...path]: Path): Path {
    if (section === undefined) return [];
    return section === "student" ? ["students", this.index, ...path] : [section, ...path];
  }
}
