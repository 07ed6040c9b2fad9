import { tf } from "@seed/core";
import { loadTeacher, SeedParts, type StudentName } from "../seed_parts.ts";
import { type Machine, openEngine } from "./open_engine.ts";
import type { Sizes } from "./sizes.ts";
import { timed } from "./timed.ts";

/** What a step is measured with. */
export interface StepOptions {
  machine: Machine;
  /** Each device has a whole batch; else they share one. */
  wide: boolean;
  student: StudentName;
  teacher: string;
  depthwise: "convolution" | "taps";
}

/** The whole SEED step in bf16, and its two halves alone, on one card or several. */
export async function measureStep(
  { machine, wide, student, teacher, depthwise }: StepOptions,
  { step, timing }: Sizes,
) {
  const { engine, compiled } = await openEngine(machine, depthwise);
  await using _ = engine;
  const devices = engine.deviceCount, at = { ...step, batch: wide ? step.batch * devices : step.batch };
  using network = loadTeacher(teacher);
  const precision = "bf16", options = { ...at, student, precision, teacherPrecision: precision } as const;
  const parts = await SeedParts.create(engine, network, options);
  const whole = await timed(() => parts.step(), timing);
  const memory = engine.backend.client.memory(); // of the whole step, before anything else
  const halves = { ...timing, before: 1, seconds: timing.seconds / 3 };
  const teacherAlone = await timed(() => parts.embed(), halves);
  const images = parts.upload(), embedding = await parts.teacher.embed(images);
  const studentAlone = await timed(() => parts.studentStep(images, embedding), halves);
  tf.dispose([images, embedding]);
  return {
    ...{ student, teacher, depthwise, precision, devices, ...at },
    imagesPerSecond: 1000 * at.batch / whole.medianMs,
    ...{ whole, teacherAlone, studentAlone },
    /** Bytes of the first card; null: the plugin does not count them. */
    memory,
    compileSeconds: compiled.reduce((sum, { seconds }) => sum + seconds, 0),
    compiled,
  };
}
