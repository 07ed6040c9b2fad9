/**
 * Commands in messages: what the user can give next, as it can be given here. How the program is called is known
 * where it starts, `cli/`; a library that names none gets `deno task`.
 *
 * @module
 */

let program = "deno task";

/** Says how this process's program is called, up to its verb: `npx -y deno task`. */
export function nameProgram(name: string): void {
  program = name;
}

/** How the program is called, up to its verb. */
export function programName(): string {
  return program;
}

/**
 * A command of this program, fit to be pasted into a shell.
 *
 * @param verb For example `distill`.
 * @param args Its arguments, unquoted.
 */
export function commandLine(verb: string, args: readonly string[] = []): string {
  return [program, verb, ...args.map(shellQuoted)].join(" ");
}

/** An argument as a POSIX shell reads it back. */
export function shellQuoted(argument: string): string {
  if (/^[\w@%+=:,./-]+$/.test(argument)) return argument;
  return `'${argument.replaceAll("'", `'\\''`)}'`;
}
