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

/** Parts that stand for several. */
const GROUPS: Readonly<Record<string, readonly string[]>> = {
  step: PAIRS.map((pair) => `step:${pair}`),
  taps: HAS_DEPTHWISE.map((student) => `step:${student}:resnet50:taps`),
  loss: ["loss:fp32", "loss:bf16"],
  peer: PAIRS.map((pair) => `peer:${pair}`),
};

const SINGLE = ["card", "conformance", "similarities", "loss:fp32", "loss:bf16"];

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

/**
 * The parts that names stand for.
 *
 * @throws {Error} If one is unknown, with those that there are.
 */
export function partsNamed(names: readonly string[]): string[] {
  return [
    ...new Set(names.flatMap((name) => {
      if (GROUPS[name]) return GROUPS[name];
      if (SINGLE.includes(name) || stepPart(name)) return [name];
      throw new Error(
        `There is no part "${name}", expected ${
          [...new Set([...SINGLE, ...Object.keys(GROUPS)])].join(", ")
        }, step:STUDENT:TEACHER, ` +
          `step:STUDENT:TEACHER:taps, or peer:STUDENT:TEACHER[:${PEER_MODES.join("|")}]; students are ${
            STUDENT_NAMES.join(", ")
          }, teachers ${TEACHERS.join(", ")}`,
      );
    })),
  ];
}

/** Measures one part; the result goes into the JSON as it is. */
export async function measurePart(
  name: string,
  { pluginFile, tiny, seconds }: { pluginFile: string; tiny: boolean; seconds: number },
): Promise<unknown> {
  const sizes = tiny ? TINY : FULL;
  switch (name) {
    case "card":
      return await describeCard(pluginFile);
    case "conformance":
      return await checkConformance(pluginFile);
    case "similarities":
      return await measureSimilarities(pluginFile, sizes);
    case "loss:fp32":
    case "loss:bf16":
      return await measureLoss(
        pluginFile,
        name === "loss:fp32" ? "fp32" : "bf16",
        sizes,
        tiny ? "tiny" : "full",
      );
  }
  const { kind, student, teacher, way } = stepPart(name)!;
  if (kind === "peer") {
    return await askPeer({ student, teacher, mode: way as PeerMode, tiny, seconds: 0.95 * seconds }, sizes);
  }
  return await measureStep(
    { pluginFile, student, teacher, depthwise: way as "convolution" | "taps" },
    sizes,
  );
}
