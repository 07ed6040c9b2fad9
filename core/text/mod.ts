/**
 * What the command line needs before it knows what it is to do, and what watches over other processes: errors, and text
 * for people. It loads nothing of TensorFlow.js, so that `--help` answers at once. Plugins find what they need of it in
 * `@seed/core`.
 *
 * @module
 */
export { ProcessesError, RunError, UsageError } from "../errors.ts";
export { commandLine, nameProgram, programName, shellQuoted } from "./command_line.ts";
export { nearest } from "./nearest.ts";
export { quoted, setIn } from "./printable.ts";
export { makeConsoleSafe } from "./safe_console.ts";
export { statusLine } from "./status_line.ts";
