import { freezeProblems, frozenBy, isHeadName } from "../training/freeze.ts";
import type { PluginUse } from "./recipe.ts";
import type { Needs } from "./objective_needs.ts";
import type { Problem } from "./recipe_document.ts";
import type { Path } from "./recipe_file.ts";
import type { TrainOptions } from "./schema.ts";

/** A `student:` with the core's keys. */
type StudentUse = Pick<PluginUse<"student">, "plugin" | "options"> & {
  weights: string | null;
  sha256: string | null;
  below: string | null;
  allow_unused: boolean;
};

/** What does not fit together in `student:` and what `train:` says of it, as far as that is known without its file. */
export function checkStudent(student: StudentUse, train: TrainOptions | null): Problem[] {
  return [...checkBeginning(student), ...train ? checkFreeze(student, train) : []];
}

/** A projection head that no objective's loss depends on: training would stop at the first step. */
export function checkHeadLearns(
  objectives: readonly { readonly needs: Needs }[],
  { plugin, options }: Pick<StudentUse, "plugin" | "options">,
  { freeze }: TrainOptions,
  at: Path,
): Problem[] {
  if (!objectives.length || objectives.some(({ needs }) => needs.embeddings)) return [];
  const names = options === null ? undefined : plugin.parameterNames?.(options as never);
  const head = (names ?? ["head.0.weight"]).filter(isHeadName), isFrozen = frozenBy(freeze);
  if (head.every(isFrozen)) return [];
  const message =
    "No objective looks at the student's embedding, so that its projection head would not learn; freeze " +
    "it (train.freeze: [head]), or add an objective that does";
  return [{ path: at, message }];
}

function checkBeginning({ plugin, weights, sha256, below, allow_unused }: StudentUse): Problem[] {
  if (weights !== null) {
    if (plugin.loadWeights) return [];
    const message = `The student "${plugin.name}" cannot begin from a file: its plugin has no loadWeights`;
    return [{ path: ["student", "weights"], atKey: true, message }];
  }
  // A default that is written out is nobody's wish.
  const unread = [
    ...sha256 !== null ? ["sha256"] : [],
    ...below !== null ? ["below"] : [],
    ...allow_unused ? ["allow_unused"] : [],
  ];
  return unread.map((key) => ({
    path: ["student", key],
    atKey: true,
    message:
      `Nothing reads "${key}": the student begins from noise, since there is no student.weights; take it out`,
  }));
}

function checkFreeze({ plugin, options }: StudentUse, { freeze, head_lr }: TrainOptions): Problem[] {
  if ((freeze.length === 0 && head_lr === null) || options === null) return [];
  const names = plugin.parameterNames?.(options);
  if (!names) return [];
  return freezeProblems({ freeze, headLr: head_lr }, names).map(({ key, message }) => ({
    path: ["train", ...key],
    message,
  }));
}
