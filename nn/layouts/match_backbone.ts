import { nearest, type WeightsFile } from "@seed/core";
import { isBatchCount, matrixShape } from "./entries.ts";
import type { Layout } from "./layout.ts";

/** A value of a network. */
export interface NamedShape {
  /** timm's. */
  readonly name: string;
  /** In PyTorch's layout. */
  readonly shape: readonly number[];
}

/** What of a file is a backbone, in a layout. */
export interface MatchedBackbone {
  /** The file's name of each value, by the network's. */
  taken: Map<string, string>;
  /** Values that are not there, or in another shape. */
  problems: string[];
  /** Entries that no rule drops and nothing takes, the head's left out. */
  unused: string[];
}

/** Matches the values of a backbone with the tensors of a file, none of which is read. */
export function matchBackbone(
  file: Pick<WeightsFile, "tensors">,
  layout: Layout,
  values: readonly NamedShape[],
): MatchedBackbone {
  const { prefix } = layout, { tensors } = file, problems: string[] = [];
  const has = (name: string) => tensors.has(prefix + name);
  const names = values.map(({ name }) => [name, prefix + (layout.rename?.(name, has) ?? name)] as const);
  values.forEach(({ shape }, i) => problems.push(...problemOf(file, names[i][1], shape)));
  const used = new Set(names.map(([, name]) => name)), head = layout.head && prefix + layout.head;
  const unused = [...tensors.keys()].filter((name) =>
    !used.has(name) && !layout.dropped(name) && !isBatchCount(name) && !(head && name.startsWith(`${head}.`))
  );
  return { taken: new Map(names), problems, unused };
}

/** What is wrong with an entry of a file, if anything is. */
export function problemOf(
  { tensors }: Pick<WeightsFile, "tensors">,
  name: string,
  expected: readonly number[],
): string[] {
  const info = tensors.get(name);
  if (!info) {
    const close = nearest(name, tensors.keys());
    return [`missing "${name}"${close ? ` (the nearest is "${close}")` : ""}`];
  }
  if (matrixShape(info.shape).join() === matrixShape(expected).join()) return [];
  return [`"${name}" has the shape [${info.shape}], expected [${expected}]`];
}
