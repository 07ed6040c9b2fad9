/**
 * Console calls - our own, those of plugins and of libraries - as they may be printed.
 *
 * @module
 */
import { format } from "node:util";
import { writingSync } from "../files/writing.ts";
import { printable } from "./printable.ts";
import { type StatusLine, statusLine } from "./status_line.ts";

/**
 * From now on the console prints what a terminal would obey as escapes: one name of a file or a tensor that gets
 * into some message is enough for a faked line. What goes to standard error goes through the status line. Text on
 * standard output that is JSON stays JSON, and means the same.
 */
export function makeConsoleSafe(line: StatusLine = statusLine): void {
  const log = console.log.bind(console);
  // Into a pipe that nobody reads any more Deno writes nothing, which is what `| head` means; a full disk is an error.
  const toOutput = (...values: unknown[]) =>
    writingSync("standard output", () => log(printable(textOf(values))));
  const toError = (...values: unknown[]) => line.print(textOf(values));
  Object.assign(console, {
    ...{ log: toOutput, info: toOutput, debug: toOutput, dir: (value: unknown) => toOutput(value) },
    table: (value: unknown) => toOutput(value),
    ...{ error: toError, warn: toError, trace: toError },
    assert: (holds: unknown, ...values: unknown[]) => holds || toError("Assertion failed:", ...values),
  });
}

function textOf(values: readonly unknown[]): string {
  return values.length === 1 && typeof values[0] === "string" ? values[0] : format(...values);
}
