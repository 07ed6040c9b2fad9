/**
 * How published files name a network's values. A layout is found by the names in a file, never by the file's own.
 *
 * @module
 */

/** One way to name them. */
export interface Layout {
  /** As logs and `run.json` say it. */
  readonly name: string;
  /** Tensors that are all there in a file of this layout, and not in one of those before it in a network's list. */
  readonly marks: readonly string[];
  /** Stands before the network's own names. */
  readonly prefix: string;
  /** Entries that an encoder has no use for: a classifier, a momentum encoder, an optimizer. */
  dropped(fileName: string): boolean;
  /** Name of the projection head after the prefix; null without one. */
  readonly head: string | null;
}

/** The first layout whose marks the file has; null if there is none. */
export function findLayout(
  tensors: ReadonlyMap<string, unknown>,
  layouts: readonly Layout[],
): Layout | null {
  return layouts.find(({ marks }) => marks.every((name) => tensors.has(name))) ?? null;
}

/** The momentum encoder and its queue; the encoder itself is what MoCo's authors evaluate. */
const isMocoState = (name: string) => /^module\.(encoder_k\.|queue)/.test(name);

/** Files of facebookresearch/moco: version 2 has two linear layers in its head, version 1 one. */
export const MOCO_LAYOUTS: readonly Layout[] = [
  {
    name: "moco v2",
    marks: ["module.encoder_q.fc.0.weight"],
    prefix: "module.encoder_q.",
    dropped: isMocoState,
    head: "fc",
  },
  {
    name: "moco v1",
    marks: ["module.encoder_q.fc.weight"],
    prefix: "module.encoder_q.",
    dropped: isMocoState,
    head: "fc",
  },
];

/**
 * What a run writes: `student.safetensors`, and the student in a checkpoint.
 *
 * @param stem Weight of the network's first convolution.
 */
export function runLayouts(stem: string): Layout[] {
  return [
    {
      name: "seed student",
      marks: [stem, "head.0.weight"],
      prefix: "",
      dropped: () => false,
      head: "head",
    },
    {
      name: "seed checkpoint",
      marks: [`student.${stem}`, "student.head.0.weight"],
      prefix: "student.",
      dropped: (name) => !name.startsWith("student."),
      head: "head",
    },
  ];
}

/** The network's own names, with its classifier. */
export function plainLayout(name: string, stem: string, classifier: string): Layout {
  return { name, marks: [stem], prefix: "", dropped: (entry) => entry.startsWith(classifier), head: null };
}
