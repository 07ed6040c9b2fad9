import type { Diagnosis } from "@seed/core";
import { findCards, suits } from "@seed/engine-xla";

/** Which engine a recipe means that names none. */
export function diagnose(find = findCards): Diagnosis[] {
  const answer = suits({ device: "auto", processes: 1 }, find);
  const message = answer.suits
    ? "Recipes that name none compute with XLA, on the NVIDIA cards"
    : "Recipes that name none compute with TensorFlow: there is no NVIDIA card that XLA can use";
  return [{ subject: "Engine", ok: true, message }];
}
