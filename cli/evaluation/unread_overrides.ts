import { quoted, UsageError } from "@seed/core";

/** Keys of sections that `eval` takes and does not read: they are of training. */
const OF_TRAINING = ["data.shuffle", "evaluate.every_epochs", "teacher.cache"];

/** The error of an override that a verb does not read. */
export function changesNothing(override: string, why: string): UsageError {
  return new UsageError(`--set ${quoted(override)} changes nothing here: ${why}`);
}

/**
 * Refuses overrides of a run's recipe that its evaluation does not read: the run is over, and what trained it stays as
 * it was.
 *
 * @param evaluators Those that the command line names, which are then the only ones.
 * @throws {UsageError} For the first of them.
 */
export function requireRead(overrides: readonly string[], evaluators: readonly string[]): void {
  for (const override of overrides) {
    const parts = override.split("=")[0].split("."), [section, name] = parts;
    const refuse = (why: string) => changesNothing(override, why);
    if (OF_TRAINING.includes(`${section}.${name}`) || section === "train" && name !== "batch_size") {
      throw refuse("it is of training, and the run is over");
    }
    if (section !== "evaluate" || name === undefined || name === "teacher" || !evaluators.length) continue;
    if (!evaluators.includes(name)) {
      throw refuse(`the evaluators that are named are ${evaluators.map((one) => `--${one}`).join(", ")}`);
    }
    if (name === "semi") {
      throw refuse(
        "--semi has the shares, and defaults for the rest; leave the flag out to set evaluate.semi",
      );
    }
  }
}
