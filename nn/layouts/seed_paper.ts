import type { Layout } from "./layout.ts";

/** The teacher, and the queues; `small_queue` is that of the training with small patches. */
const isSeedState = (name: string) => /^module\.(teacher\.|(small_)?queue)/.test(name);

/**
 * Students that SEED's authors published (jacobswan1/SEED, `main.py` and `main_small-patch.py`): the head has two
 * linear layers, or one where the teacher is MoCo v1.
 *
 * @param stem Weight of the network's first convolution, in their names.
 * @param conventions Where their network is not timm's.
 */
export function seedPaperLayouts(
  stem: string,
  conventions: Partial<Pick<Layout, "rename" | "build" | "epsilon" | "differs">> = {},
): Layout[] {
  const layout = (name: string, last: string): Layout => ({
    name,
    marks: [`module.student.${stem}`, `module.student.${last}.weight`],
    prefix: "module.student.",
    dropped: isSeedState,
    head: "fc",
    ...conventions,
  });
  return [layout("seed paper", "fc.2"), layout("seed paper, linear head", "fc")];
}
