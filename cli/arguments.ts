import { parseArgs } from "node:util";
import { nearest, quoted, UsageError } from "@seed/core/text";

/** The command line cannot be meant so; people are shown an example of the verb besides. */
export class CommandLineError extends UsageError {}

/** A flag: `--name VALUE`, or `--name` alone if boolean. */
export interface Flag {
  type: "string" | "boolean";
  /** May be given several times. */
  multiple?: boolean;
}

/** What stands on a command line. */
export interface Arguments {
  positionals: string[];
  /** The value of a `string` flag. */
  text(name: string): string | null;
  /** The value of a `string` flag that must be given. */
  required(name: string): string;
  /** The value of a `string` flag, one of a few. */
  choice<T extends string>(name: string, values: readonly T[]): T | null;
  /** A whole number from `least` (0) to `most` (a thousand million). */
  count(name: string, least?: number, most?: number): number | null;
  /** The values of a `multiple` flag. */
  list(name: string): string[];
  /** Whether a flag is given. */
  has(name: string): boolean;
}

/** @throws {CommandLineError} If a flag is not known, or lacks its value. */
export function parseArguments(args: string[], flags: Record<string, Flag>): Arguments {
  let parsed;
  try {
    parsed = parseArgs({ args, options: flags, allowPositionals: true });
  } catch (error) {
    throw explain(error as Error & { code?: string }, Object.keys(flags));
  }
  const { values, positionals } = parsed;
  refuseEmpty(values);
  const text = (name: string) => values[name] as string | undefined ?? null;
  return {
    positionals,
    text,
    required(name) {
      const given = text(name);
      if (given !== null && given !== "") return given;
      throw new CommandLineError(`Expected --${name}; --help shows how`);
    },
    choice<T extends string>(name: string, values: readonly T[]) {
      const given = text(name);
      if (given === null || values.includes(given as T)) return given as T | null;
      const close = nearest(given, values), hint = close ? `. Did you mean "${close}"?` : "";
      throw new CommandLineError(`--${name} expects one of ${values.join(", ")}, got "${given}"${hint}`);
    },
    count(name, least = 0, most = 1e9) {
      const given = text(name);
      if (given === null) return null;
      const bound = /^\d+$/.test(given) && Number(given) > most ? `at most ${most}` : `at least ${least}`;
      if (/^\d+$/.test(given) && Number(given) >= least && Number(given) <= most) return Number(given);
      throw new CommandLineError(`--${name} expects a whole number of ${bound}, got ${quoted(given)}`);
    },
    list: (name) => values[name] as string[] | undefined ?? [],
    has: (name) => values[name] !== undefined,
  };
}

/** An empty value is the name of nothing. */
function refuseEmpty(values: Readonly<Record<string, unknown>>): void {
  const empty = Object.keys(values).find((name) => values[name] === "");
  if (empty !== undefined) throw new CommandLineError(`--${empty} expects a value, got ""`);
}

/** The one argument that a verb takes. */
export function onlyPositional({ positionals }: Arguments, name: string): string {
  if (positionals.length === 1) return positionals[0];
  throw new CommandLineError(`Expected one ${name}, got ${positionals.length || "none"}; --help shows how`);
}

/** For a verb that takes flags alone. */
export function noPositionals({ positionals }: Arguments): void {
  if (positionals.length === 0) return;
  throw new CommandLineError(`Unexpected argument "${positionals[0]}"; --help shows how`);
}

function explain(error: Error & { code?: string }, known: string[]): CommandLineError {
  const [, unknown] = error.message.match(/^Unknown option '-{1,2}([^' ]+)'/) ?? [];
  if (!unknown) return new CommandLineError(error.message.split(". ")[0]);
  const close = nearest(unknown, known);
  const hint = close
    ? `Did you mean --${close}?`
    : `The flags are ${known.map((flag) => `--${flag}`).join(", ")}`;
  return new CommandLineError(`Unknown flag "--${unknown}". ${hint}`);
}
