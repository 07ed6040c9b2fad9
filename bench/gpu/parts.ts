import { STUDENT_NAMES, type StudentName } from "../seed_parts.ts";
import { describeCard } from "./card.ts";
import { checkConformance } from "./conformance.ts";
import { measureLoss } from "./loss.ts";
import { askPeer, PEER_MODES, type PeerMode } from "./peer.ts";
import { measureSimilarities } from "./similarities.ts";
import { FULL, TINY } from "./sizes.ts";
import { measureStep } from "./step.ts";

const TEACHERS = ["resnet50", "resnet152"];
const PAIRS = TEACHERS.flatMap((teacher) => STUDENT_NAMES.map((student) => `${student}:${teacher}`));
const HAS_DEPTHWISE = STUDENT_NAMES.filter((name) => !name.startsWith("resnet"));

/** Parts on all cards of the machine: they share a batch, or each has a whole one. */
const ON_CARDS = ["all", "each"] as const;
type OnCards = typeof ON_CARDS[number];

/** Parts that stand for several. */
const GROUPS: Readonly<Record<string, readonly string[]>> = {
  step: PAIRS.map((pair) => `step:${pair}`),
  taps: HAS_DEPTHWISE.map((student) => `step:${student}:resnet50:taps`),
  loss: ["loss:fp32", "loss:bf16"],
  peer: PAIRS.map((pair) => `peer:${pair}`),
  cards: [
    ...["conformance:all", "loss:fp32:all", "loss:bf16:all"],
    ...STUDENT_NAMES.flatMap((student) => ON_CARDS.map((on) => `step:${student}:resnet50:${on}`)),
  ],
};

const SINGLE = ["card", "conformance", "similarities", "loss:fp32", "loss:bf16"];
/** Of those, what several cards can do together. */
const TOGETHER = ["conformance", "loss:fp32", "loss:bf16"];

/** A part's name without what it says of cards; null: one card computes. */
function splitName(name: string): { base: string; on: OnCards | null } {
  const at = name.lastIndexOf(":"), on = ON_CARDS.find((on) => on === name.slice(at + 1));
  return on ? { base: name.slice(0, at), on } : { base: name, on: null };
}

/** A part's name, understood. */
interface StepPart {
  kind: "step" | "peer";
  student: StudentName;
  teacher: string;
  /** How a step, or its peer, goes. */
  way: string;
}

function stepPart(name: string): StepPart | null {
  const [kind, student, teacher, way, ...more] = name.split(":");
  const ways: readonly string[] = kind === "step" ? ["convolution", "taps"] : PEER_MODES;
  if ((kind !== "step" && kind !== "peer") || more.length) return null;
  if (!STUDENT_NAMES.includes(student as StudentName) || !TEACHERS.includes(teacher)) return null;
  if (way !== undefined && !ways.includes(way)) return null;
  return { kind, student: student as StudentName, teacher, way: way ?? ways[0] };
}

function isPart(name: string): boolean {
  const { base, on } = splitName(name), step = stepPart(base);
  if (on === null) return SINGLE.includes(base) || step !== null;
  return step?.kind === "step" || (on === "all" && TOGETHER.includes(base));
}

/**
 * The parts that names stand for.
 *
 * @throws {Error} If one is unknown, with those that there are.
 */
export function partsNamed(names: readonly string[]): string[] {
  return [
    ...new Set(names.flatMap((name) => {
      if (GROUPS[name]) return GROUPS[name];
      if (isPart(name)) return [name];
      const known = [...new Set([...SINGLE, ...Object.keys(GROUPS)])].join(", ");
      throw new Error(
        `There is no part "${name}", expected ${known}, step:STUDENT:TEACHER[:taps][:${
          ON_CARDS.join("|")
        }], ` +
          `${TOGETHER.map((name) => `${name}:all`).join(", ")}, or peer:STUDENT:TEACHER[:${
            PEER_MODES.join("|")
          }]; ` +
          `students are ${STUDENT_NAMES.join(", ")}, teachers ${TEACHERS.join(", ")}`,
      );
    })),
  ];
}

/** Where a part is measured, and how. */
export interface PartOptions {
  pluginFile: string;
  /** How many cards "all" are. */
  cards: number | "all";
  tiny: boolean;
  seconds: number;
}

/** Measures one part; the result goes into the JSON as it is. */
export async function measurePart(
  name: string,
  { pluginFile, cards, tiny, seconds }: PartOptions,
): Promise<unknown> {
  const sizes = tiny ? TINY : FULL, { base, on } = splitName(name);
  const machine = { pluginFile, devices: on ? cards : 1, isOne: on === null };
  switch (base) {
    case "card":
      return await describeCard(pluginFile);
    case "conformance":
      return await checkConformance(machine);
    case "similarities":
      return await measureSimilarities(machine, sizes);
    case "loss:fp32":
    case "loss:bf16":
      return await measureLoss(
        machine,
        base === "loss:fp32" ? "fp32" : "bf16",
        sizes,
        tiny ? "tiny" : "full",
      );
  }
  const { kind, student, teacher, way } = stepPart(base)!;
  if (kind === "peer") {
    return await askPeer({ student, teacher, mode: way as PeerMode, tiny, seconds: 0.95 * seconds }, sizes);
  }
  const depthwise = way as "convolution" | "taps";
  return await measureStep({ machine, wide: on === "each", student, teacher, depthwise }, sizes);
}
