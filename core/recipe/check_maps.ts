import type { Plugin, PluginKind, StudentFacts, TeacherFacts } from "../interfaces/plugin.ts";
import type { Needs } from "./objective_needs.ts";
import type { Problem } from "./recipe_document.ts";

/** A part of a recipe; options are null if they are the problem. */
interface Use<K extends PluginKind> {
  readonly specifier: string;
  readonly plugin: Plugin<K>;
  readonly options: unknown;
}

/** What may have maps to give. */
interface Networks {
  readonly student: Use<"student"> | null;
  readonly teacher: (Use<"teacher"> & { readonly cache: unknown }) | null;
}

/** Objectives that look at maps, where the networks have none, or a cache would keep embeddings alone. */
export function checkMaps(
  objectives: readonly { readonly specifier: string; readonly needs: Needs }[],
  { student, teacher }: Networks,
): Problem[] {
  const asking = objectives.find(({ needs }) => needs.maps);
  if (!asking) return [];
  const looks = `The objective "${asking.specifier}" looks at maps`, problems: Problem[] = [];
  const looksAtTeacher = objectives.some(({ needs }) => needs.maps && needs.teacherViews.length > 0);
  if (student && lacksMaps(student)) {
    const message = `${looks}, and the student "${student.specifier}" has none to give; take another student`;
    problems.push({ path: ["student", "plugin"], message });
  }
  if (!teacher || !looksAtTeacher) return problems;
  if (lacksMaps(teacher)) {
    const message =
      `${looks}, and the teacher "${teacher.specifier}" has none to give; take another teacher, ` +
      "such as @seed/teacher-moco or @seed/teacher-dino";
    problems.push({ path: ["teacher", "plugin"], message });
  }
  if (teacher.cache !== null && teacher.cache !== undefined) {
    const message =
      `${looks} of the teacher's, and a cache keeps its embeddings alone; take teacher.cache out`;
    problems.push({ path: ["teacher", "cache"], atKey: true, message });
  }
  return problems;
}

/** A plugin that does not tell has none. */
function lacksMaps({ plugin, options }: Use<"student"> | Use<"teacher">): boolean {
  if (options === null) return false;
  const told = plugin.tells?.(options as never) as StudentFacts | TeacherFacts | undefined;
  return !told?.maps;
}
