/**
 * Layouts within wrappers: what data-parallel training, `torch.compile`, Lightning or a method's own module put before
 * a network's names. Wrappers are found by the tensors; none is known by name.
 *
 * @module
 */
import { quoted } from "@seed/core";
import type { Layout } from "./layout.ts";

/** What data-parallel training puts before all names. Published layouts have it; files of one process do not. */
const PARALLEL = "module.";

/** More copies of a network are not looked at: no published file has as many. */
const MAX_COPIES = 16;

/**
 * Modules that hold a network twice: the one that is trained, and its moving average. Those who published them
 * evaluate the first (MoCo's `main_lincls.py` for each version; solo-learn's `main_linear.py`; lightly's benchmarks;
 * BYOL's table 1 is of the online network).
 */
const AVERAGED: readonly (readonly [trained: string, average: string])[] = [
  ["encoder_q", "encoder_k"],
  ["base_encoder", "momentum_encoder"],
  ["backbone", "momentum_backbone"],
  ["backbone", "backbone_momentum"],
  ["encoder", "momentum_encoder"],
  ["online_encoder", "target_encoder"],
  ["online_network", "target_network"],
  ["online_backbone", "target_backbone"],
];

/**
 * The layouts of a list that a file is in below a wrapper: those of the first layout that is found at all, one for each
 * copy of the network.
 *
 * @param fits Whether the file has every tensor of the network in a layout, in its shape.
 * @param below Only this wrapper; null: any.
 */
export function wrappedLayouts(
  tensors: ReadonlyMap<string, unknown>,
  layouts: readonly Layout[],
  { fits, below }: { fits: (layout: Layout) => boolean; below: string | null },
): Layout[] {
  for (const layout of layouts.map(withoutParallel)) {
    const wrappers = wrappersOf(tensors, layout.marks).filter((wrapper) => wrapper === (below ?? wrapper));
    const found = wrappers.slice(0, MAX_COPIES).filter((wrapper) => fits(within(layout, wrapper)));
    if (found.length) return trainedOnes(found).map((wrapper) => within(layout, wrapper));
  }
  return [];
}

/** What stands before the marks in a file, one string for each copy. */
function wrappersOf(tensors: ReadonlyMap<string, unknown>, marks: readonly string[]): string[] {
  const [first] = marks;
  const before = [...tensors.keys()]
    .filter((name) => name === first || name.endsWith(`.${first}`))
    .map((name) => name.slice(0, name.length - first.length));
  return before.filter((wrapper) => marks.every((mark) => tensors.has(wrapper + mark)));
}

/** A published layout as a training in one process would have written it. */
function withoutParallel(layout: Layout): Layout {
  const { marks, prefix, dropped } = layout;
  if (!prefix.startsWith(PARALLEL)) return layout;
  return {
    ...layout,
    marks: marks.map((mark) => mark.slice(PARALLEL.length)),
    prefix: prefix.slice(PARALLEL.length),
    dropped: (entry) => dropped(PARALLEL + entry),
  };
}

/** A layout below a wrapper, outside of which nothing is read. */
function within(layout: Layout, wrapper: string): Layout {
  const { name, marks, prefix, dropped } = layout;
  return {
    ...layout,
    name: wrapper === "" ? `${name}, without ${quoted(PARALLEL)}` : `${name}, below ${quoted(wrapper)}`,
    marks: marks.map((mark) => wrapper + mark),
    prefix: wrapper + prefix,
    wrapper,
    dropped: (entry) => !entry.startsWith(wrapper) || dropped(entry.slice(wrapper.length)),
  };
}

/** Without the moving averages of others. */
function trainedOnes(wrappers: readonly string[]): string[] {
  const averages = new Set(wrappers.flatMap(averagesOf));
  return wrappers.filter((wrapper) => !averages.has(wrapper));
}

/** How a moving average of what is below a wrapper may be called. */
function averagesOf(wrapper: string): string[] {
  const parts = wrapper.split(".");
  return AVERAGED.flatMap(([trained, average]) =>
    parts.flatMap((part, i) => part === trained ? [parts.with(i, average).join(".")] : [])
  );
}
