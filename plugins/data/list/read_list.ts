import {
  isImageName,
  LabelCollector,
  type Labels,
  type PackedTexts,
  PackedTextsBuilder,
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
    const problem = labels.push(entry.label);
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

async function readBytes(path: string, option: string): Promise<Uint8Array> {
  const info = await Deno.stat(path).catch(() => null);
  if (!info?.isFile) throw new RunError(`There is no list "${path}"; set ${option} to a text file of paths`);
  if (info.size > MAX_BYTES) {
    throw new RunError(
      `The list "${path}" has ${info.size} bytes, expected at most ${MAX_BYTES}; is it a list?`,
    );
  }
  return await Deno.readFile(path);
}

function decode(bytes: Uint8Array, fault: (what: string) => RunError): string {
  if (bytes.includes(0)) throw fault("has a zero byte in it: this is no text file");
  try {
    return UTF8.decode(bytes);
  } catch {
    throw fault("is not UTF-8");
  }
}
