/**
 * How a file's tensors become a student's: found without an engine, before any value is read.
 *
 * @module
 */
import { type InitialWeights, isHeadName, nearest, RunError, type WeightsFile } from "@seed/core";
import { layoutOf, looksLike, publishedInput } from "../frozen/frozen_network.ts";
import { fileNames, isBatchCount, isShape } from "../layouts/entries.ts";
import { joinedTensors } from "../layouts/joined_tensors.ts";
import type { Layout } from "../layouts/layout.ts";
import type { Network } from "../networks/networks.ts";

/** A value that a student has, by timm's name; of a head `head.0.weight`. */
export interface StudentValue {
  readonly name: string;
  /** In PyTorch's layout. */
  readonly shape: readonly number[];
}

/** Which tensors of a file are which values of a student. */
export interface MatchedWeights {
  readonly layout: Layout;
  /** The file with its tensors as the layout has them. */
  readonly tensors: WeightsFile;
  /** The file's name of each value that is taken, by the student's. */
  readonly taken: ReadonlyMap<string, string>;
  /** See {@link TakenWeights}. */
  readonly left: number;
  readonly fresh: number;
  readonly notes: readonly string[];
}

const HEAD = "head.";

/** Problems that a message lists at most. */
const SHOWN = 4;

/**
 * Matches them: all of the backbone must be there, in its shapes; the projection head is taken if it is there as it is
 * in the student.
 *
 * @param values Of the student; without its head's that is left to when its widths are known.
 * @throws {RunError} If the backbone's are not there, or the file holds what no rule drops and `allowUnused` does not
 *   accept.
 */
export function matchWeights(
  opened: WeightsFile,
  network: Network,
  values: readonly StudentValue[],
  { allowUnused, below }: Pick<InitialWeights, "allowUnused" | "below">,
): MatchedWeights {
  const layout = layoutOf(opened, network, { below }), file = joinedTensors(opened, layout);
  const { normalization } = publishedInput(file, network, layout);
  const isHead = ({ name }: StudentValue) => isHeadName(name);
  const backbone = matchBackbone(file, layout, values.filter((value) => !isHead(value)));
  const unused = allowUnused ? [] : backbone.unused.map((name) => `left over "${name}"`);
  const problems = [...backbone.problems, ...unused];
  if (problems.length) throw misfit(opened, network, problems, backbone.problems.length === 0);
  const heads = values.filter(isHead), head = matchHead(file, layout, heads);
  const taken = new Map([...backbone.taken, ...head.taken]);
  const counted = [...file.tensors.keys()].filter((name) => !isBatchCount(name));
  const fresh = heads.length - head.taken.size;
  const shapeOf = (name: string) => values.find((value) => value.name === name)?.shape;
  const differs = typeof layout.differs === "function" ? layout.differs({ shapeOf }) : layout.differs;
  return {
    ...{ layout, tensors: file, taken, fresh, left: counted.length - taken.size },
    notes: [
      ...fresh ? [`the projection head begins from noise: ${head.problem}`] : [],
      ...differs ? [`the file's network ${differs}: the features begin near its, not equal to them`] : [],
      ...otherNormalization(normalization, network.normalization),
    ],
  };
}

interface Matched {
  taken: Map<string, string>;
  problems: string[];
  /** Entries that no rule drops and nothing takes, the head's left out. */
  unused: string[];
}

function matchBackbone(file: WeightsFile, layout: Layout, values: readonly StudentValue[]): Matched {
  const { prefix } = layout, { tensors } = file, problems: string[] = [];
  const nameOf = fileNames(tensors, layout);
  const names = values.map(({ name }) => [name, nameOf(name)] as const);
  values.forEach(({ shape }, i) => problems.push(...problemOf(file, names[i][1], shape)));
  const used = new Set(names.map(([, name]) => name)), head = layout.head && prefix + layout.head;
  const unused = [...tensors.keys()].filter((name) =>
    !used.has(name) && !layout.dropped(name) && !isBatchCount(name) && !(head && name.startsWith(`${head}.`))
  );
  return { taken: new Map(names), problems, unused };
}

function problemOf({ tensors }: WeightsFile, name: string, expected: readonly number[]): string[] {
  const info = tensors.get(name);
  if (!info) {
    const close = nearest(name, tensors.keys());
    return [`missing "${name}"${close ? ` (the nearest is "${close}")` : ""}`];
  }
  if (isShape(info.shape, expected)) return [];
  return [`"${name}" has the shape [${info.shape}], expected [${expected}]`];
}

/** All of the head, or nothing of it: half of one is none. */
function matchHead(
  file: WeightsFile,
  layout: Layout,
  values: readonly StudentValue[],
): { taken: Map<string, string>; problem: string } {
  const none = (problem: string) => ({ taken: new Map<string, string>(), problem });
  if (layout.head === null) return none("the file has none");
  const head = layout.prefix + layout.head, { tensors } = file;
  // Publishers call the only layer of a head as the head itself.
  const single = tensors.has(`${head}.weight`);
  const names = values.map(({ name }) => {
    const entry = name.slice(HEAD.length);
    return [name, `${head}.${single ? entry.replace(/^0\./, "") : entry}`] as const;
  });
  const used = new Set<string>(names.map(([, name]) => name));
  const more = [...tensors.keys()].find((name) =>
    name.startsWith(`${head}.`) && !used.has(name) && !isBatchCount(name) &&
    isHeadName(HEAD + name.slice(head.length + 1))
  );
  const [problem = more && `"${more}" has no place in the student's`] = values.flatMap(({ shape }, i) =>
    problemOf(file, names[i][1], shape)
  );
  return problem ? none(`the file's does not fit, ${problem}`) : { taken: new Map(names), problem: "" };
}

function otherNormalization(file: Network["normalization"], student: Network["normalization"]): string[] {
  const shown = ({ mean, std }: Network["normalization"]) => `mean [${mean}] and deviation [${std}]`;
  return shown(file) === shown(student)
    ? []
    : [`the file's network was trained on pixels of ${shown(file)}, the student takes ${shown(student)}`];
}

function misfit(file: WeightsFile, network: Network, problems: string[], unusedAlone: boolean): RunError {
  const more = problems.length - SHOWN;
  const shown = [...problems.slice(0, SHOWN), ...more > 0 ? [`and ${more} more`] : []].join(", ");
  return new RunError(
    `The weights in "${file.path}" do not fit ${network.name}: ${shown}${
      looksLike(file, network, { byNames: false })
    }${unusedAlone ? "; allow_unused: true accepts what is left over" : ""}`,
  );
}
