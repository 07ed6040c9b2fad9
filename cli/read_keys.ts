import { quoted, UsageError } from "@seed/core";

/** What verbs read of the recipe of a run that is over: sections and keys, and keys below them that they do not. */
const READ = {
  embed: { keys: ["engine", "student"], but: [] },
  export: { keys: ["engine", "student"], but: [] },
  eval: {
    keys: ["engine", "student", "data", "evaluate", "teacher", "seed"],
    but: ["data.shuffle", "evaluate.every_epochs", "teacher.cache"],
  },
} as const;

/**
 * Refuses overrides of a run's recipe that a verb does not read: the run is over, and what trained it stays as it was.
 *
 * @param evaluators Those that the command line names, which are then the only ones.
 * @throws {UsageError} For the first of them.
 */
export function requireRead(
  verb: keyof typeof READ,
  overrides: readonly string[],
  evaluators: readonly string[] = [],
): void {
  const { keys, but } = READ[verb];
  for (const override of overrides) {
    const [path] = override.split("="), parts = path.split("."), [section, name] = parts;
    const refuse = (why: string) =>
      new UsageError(`--set ${quoted(override)} has no effect: ${why}; leave it out`);
    if (!keys.some((key) => key === section) || but.some((key) => key === parts.slice(0, 2).join("."))) {
      throw refuse(
        `of a run's recipe ${verb} reads ${keys.join(", ")}${
          but.length ? `, but not ${but.join(", ")}` : ""
        }`,
      );
    }
    if (section !== "evaluate" || name === undefined || name === "teacher" || !evaluators.length) continue;
    if (name === "semi" && evaluators.includes(name)) {
      throw refuse("--semi has the shares, and defaults for the rest; set evaluate.semi without the flag");
    }
    if (!evaluators.includes(name)) {
      throw refuse(`the evaluators that are named are ${evaluators.map((one) => `--${one}`).join(", ")}`);
    }
  }
}
