/**
 * What somebody wants of `new`: by flags, and by answers where there is a terminal.
 *
 * @module
 */
import { basename, dirname, resolve } from "node:path";
import { RunError, setIn, statIfThere, statusLine, UsageError } from "@seed/core";
import { exists, writing } from "@seed/core/host";
import { type Arguments, CommandLineError, type Flag } from "../arguments.ts";
import type { Asker } from "./ask.ts";
import { beginningOf } from "./beginning.ts";
import { DEFAULT_STUDENT, DEFAULT_TEACHER, DEFAULT_TIME } from "./settings.ts";
import { type StudentChoice, studentNamed } from "./students.ts";
import { type TeacherChoice, teacherNamed } from "./teacher.ts";
import { parseTime } from "./time.ts";

/** Which folder, who learns from whom, how long, and what is written. */
export interface Wishes {
  /** As it is given: paths of recipes begin where commands are given. */
  readonly data: string;
  readonly student: StudentChoice;
  readonly teacher: TeacherChoice;
  readonly seconds: number;
  /** A file of weights or a run's folder that the student begins from; null: from noise. */
  readonly begin: string | null;
  /** The recipe; not there yet. */
  readonly out: string;
}

/** The flags. */
export const WISH_FLAGS = {
  data: { type: "string" },
  student: { type: "string" },
  teacher: { type: "string" },
  time: { type: "string" },
  begin: { type: "string" },
  out: { type: "string" },
} as const satisfies Record<string, Flag>;

/** Takes what the flags say, asks for the rest, or takes the usual where nobody can be asked. */
export async function wishesOf(parsed: Arguments, asker: Asker | null): Promise<Wishes> {
  const wish = async <T>(
    flag: keyof typeof WISH_FLAGS,
    question: string,
    usual: string | null,
    meaning: (text: string) => T | Promise<T>,
  ): Promise<T> => {
    const given = parsed.text(flag);
    if (given !== null) return await meaning(given);
    if (asker) return await answered(asker, question, usual, meaning);
    if (usual !== null) return await meaning(usual);
    throw new CommandLineError(`Expected --${flag}; --help shows how`);
  };
  const data = await wish("data", "Folder of pictures", null, folderAt);
  const student = await wish("student", "Student to train", DEFAULT_STUDENT, studentNamed);
  return {
    data,
    student,
    begin: await beginningOf(parsed.text("begin"), student.name),
    teacher: await wish("teacher", "Teacher, a plugin or a file of weights", DEFAULT_TEACHER, teacherNamed),
    seconds: await wish("time", "Time that the run may take", DEFAULT_TIME, parseTime),
    out: await wish("out", "Recipe to write", await freeName(data), unusedFile),
  };
}

/** An answer that makes no sense is told, and the question asked again. */
async function answered<T>(
  asker: Asker,
  question: string,
  usual: string | null,
  meaning: (text: string) => T | Promise<T>,
): Promise<T> {
  for (;;) {
    const given = await asker.ask(question, usual);
    try {
      return await meaning(given);
    } catch (error) {
      if (!(error instanceof UsageError || error instanceof RunError)) throw error;
      statusLine.print(setIn(error.message));
    }
  }
}

async function folderAt(path: string): Promise<string> {
  const found = await statIfThere(path);
  if (found?.isDirectory) return path;
  throw new CommandLineError(
    `--data expects a folder of pictures; ${found ? "a file is at" : "there is nothing at"} "${path}". ` +
      "Archives have to be unpacked first",
  );
}

/** Nothing is overwritten, and what cannot be written is told before anything is measured. */
async function unusedFile(path: string): Promise<string> {
  if (!/\.ya?ml$/.test(path)) throw new CommandLineError(`--out must end in ".yaml", got "${path}"`);
  if (await exists(path)) throw new CommandLineError(`"${path}" is there already; name another by --out`);
  let folder = dirname(resolve(path));
  while (!await exists(folder)) folder = dirname(folder); // those below are made for it
  await writing(
    path,
    async () => await Deno.remove(await Deno.makeTempFile({ dir: folder, prefix: ".new-" })),
  );
  return path;
}

/** A recipe called like the folder, or with the next number. */
async function freeName(data: string): Promise<string> {
  const name = basename(resolve(data)).replace(/[^\p{L}\p{N}._-]+/gu, "_").replace(/^[.-]+/, "") || "recipe";
  for (let i = 1;; i++) {
    const path = i === 1 ? `${name}.yaml` : `${name}-${i}.yaml`;
    if (!await exists(path)) return path;
  }
}
