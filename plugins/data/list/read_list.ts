import { dirname, resolve } from "node:path";
import {
  isImageName,
  LabelCollector,
  type Labels,
  NoFileError,
  otherFormat,
  type PackedTexts,
  PackedTextsBuilder,
  readRegular,
  RunError,
} from "@seed/core";

/** A longer list has more lines than there are images anywhere. */
const MAX_BYTES = 1 << 30;
const NEWLINE = 10;
const UTF8 = new TextDecoder("utf-8", { fatal: true });

/** Images of a list, in its order. */
export interface ImageList extends Labels {
  /** As they stand in the list. */
  readonly paths: PackedTexts;
}

/**
 * Reads `PATH`, `PATH<tab>LABEL` or `PATH LABEL` lines.
 *
 * @param option What names the list, for errors.
 * @throws {RunError} If there is no list or nothing in it; with the line, if one is blank or not UTF-8, or has no
 * label where others have one.
 */
export async function readList(path: string, option: string): Promise<ImageList> {
  const bytes = await readBytes(path, option),
    other = bytes.length > 0 && otherFormatOf(bytes.subarray(0, 512));
  if (other) throw new RunError(`The list "${path}" is ${other}, expected lines of text`);
  const problems = new PathProblems(dirname(path)),
    paths = new PackedTextsBuilder(),
    labels = new LabelCollector();
  let line = 0;
  for (let start = 0, end; start < bytes.length; start = end + 1) {
    end = bytes.indexOf(NEWLINE, start);
    if (end < 0) end = bytes.length;
    line++;
    const fault = (what: string) => new RunError(`${path}:${line}: the line ${what}`);
    const entry = splitLine(decode(bytes.subarray(start, end), fault));
    if (entry.path === "") throw fault("has no path");
    const problem = problems.of(entry.path) ?? labels.push(entry.label);
    if (problem) throw fault(problem);
    paths.push(entry.path);
  }
  if (line === 0) throw new RunError(`The list "${path}" is empty, expected a path of an image a line`);
  return { paths: paths.finish(), ...labels.finish() };
}

/**
 * What follows the last tab is the label; without a tab, what follows the last blank, unless the line ends as an
 * image's name does: then all of it is a path.
 */
function splitLine(line: string): { path: string; label: string } {
  const tab = line.lastIndexOf("\t"), text = line.trimEnd(), blank = text.lastIndexOf(" ");
  if (tab >= 0) return { path: line.slice(0, tab).trim(), label: line.slice(tab + 1).trim() };
  if (blank < 0 || isImageName(text)) return { path: text.trim(), label: "" };
  return { path: text.slice(0, blank).trim(), label: text.slice(blank + 1) };
}

/** What lists for other programs have; a name may be so too, if there is such a file. */
class PathProblems {
  constructor(private readonly folder: string) {}

  /** What is wrong with the path of a line; null: nothing that is seen. */
  of(path: string): string | null {
    const problem = problemOf(path);
    if (problem === null) return null;
    try {
      Deno.statSync(resolve(this.folder, path));
      return null;
    } catch {
      return `${problem}: expected PATH, or PATH, a tab and LABEL, with / between folders`;
    }
  }
}

function problemOf(path: string): string | null {
  const comma = path.search(/[,;]/);
  if (/^["'].*["']$/.test(path)) return `has quotes around its path`;
  if (Deno.build.os !== "windows" && path.includes("\\")) return `has backslashes in its path`;
  if (comma < 0 || !path.split(/[,;]/).some((part) => isImageName(part.trim()))) return null;
  return isImageName(path) ? null : `has a "${path[comma]}" in its path, as a table in CSV has`;
}

function otherFormatOf(start: Uint8Array): string | null {
  const isUtf16 = start[0] === 0xff && start[1] === 0xfe || start[0] === 0xfe && start[1] === 0xff;
  return isUtf16 ? "text in UTF-16 (save it as UTF-8)" : otherFormat(start);
}

async function readBytes(path: string, option: string): Promise<Uint8Array> {
  return await readRegular(path, MAX_BYTES, "a list").catch((error) => {
    const what = error instanceof NoFileError ? `There is no list "${path}"` : error.message;
    throw new RunError(`${what}; set ${option} to a text file of paths`, { cause: error });
  });
}

function decode(bytes: Uint8Array, fault: (what: string) => RunError): string {
  if (bytes.includes(0)) throw fault("has a zero byte in it: this is no text file");
  try {
    return UTF8.decode(bytes);
  } catch {
    throw fault("is not UTF-8");
  }
}
