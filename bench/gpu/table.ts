/**
 * Turns what was measured on a card into Markdown for the documentation; several files of one card are taken together.
 * `deno run --allow-read bench/gpu/table.ts measured.json ...`
 *
 * @module
 */
import type { Measured, Part } from "./measure.ts";

const gigabytes = (bytes: number | null | undefined) =>
  bytes ? `${(bytes / 1e9).toFixed(1)} GB` : "not counted";
const small = (value: number) => value === 0 ? "0" : value.toExponential(1);

/** Rows of cells as a table; numbers stand to the right. */
function table(head: string[], rows: string[][]): string[] {
  const line = (cells: string[]) => `| ${cells.join(" | ")} |`;
  const rule = head.map((_, i) => rows.every((row) => /^[\d.]/.test(row[i])) ? "---:" : "---");
  return rows.length ? ["", line(head), line(rule), ...rows.map(line)] : [];
}

/** The tables, and a sentence for each part that failed. */
export function tableOf(files: readonly Measured[]): string {
  const parts: Record<string, Part> = Object.assign({}, ...files.map(({ parts }) => parts));
  const results = (kind: string) =>
    Object.entries(parts).filter(([name, { result }]) => name.split(":")[0] === kind && result)
      .map(([, { result }]) => result);
  const lines: string[] = [];
  if (Object.values(parts).some(({ tiny }) => tiny)) {
    lines.push("**Of tiny sizes (`--tiny`): these figures say that it runs, not how fast.**");
  }
  const [card] = results("card");
  if (card) {
    const { driver, plugin, memory, processor } = card;
    const cards = driver.cards ? driver.cards.join("; ") : `no card (${driver.missing})`;
    lines.push(
      "",
      `Machine: ${cards}; ${plugin.devices} ${plugin.deviceKind} by ${plugin.version}, PJRT C API ${plugin.api}; ` +
        `memory for programs ${gigabytes(memory?.limit)}; ${processor.cores} cores of ${processor.model}; ` +
        `${parts.card.at.slice(0, 10)}.`,
    );
  }
  for (const { passed, failed, devices } of results("conformance")) {
    const on = devices > 1 ? ` on ${devices} cards` : "";
    lines.push(
      "",
      `\`checkEngine\`${on}: ${passed.length} of ${passed.length + failed.length} checks pass.`,
      ...failed.map(({ name, message }: any) => `Failed: ${name}: ${message.split("\n")[0]}`),
    );
  }
  lines.push(...steps(results("step"), results("peer")), ...losses(results("loss")));
  const [similarities] = results("similarities");
  if (similarities) {
    const { matrixProduct, convolution, tf32Computed } = similarities;
    const row = (what: string, { logits, misplaced }: any) => [what, small(logits), small(misplaced)];
    lines.push(
      ...table([
        `similarities at a temperature of ${similarities.temperature}: error of`,
        "logits",
        "probability misplaced",
      ], [
        row("the matrix product, fp32 at highest precision", matrixProduct),
        row("a convolution, XLA's default precision", convolution),
        row("TF32, computed on the processor", tf32Computed),
      ]),
      ...matrixProduct.logits > tf32Computed.logits / 10
        ? ["", "**The matrix product is not exact: SEED's similarities are rounded as by TF32.**"]
        : [],
    );
  }
  const failed = Object.entries(parts).filter(([, { error }]) => error);
  if (failed.length) lines.push("");
  for (const [name, { error }] of failed) {
    lines.push(`- \`${name}\` was not measured: ${error!.split("\n")[0]}`);
  }
  return lines.join("\n").trim();
}

/** A step in rows: ours each way beside PyTorch's best, and on several cards beside one. */
function steps(all: any[], peers: any[]): string[] {
  const ours = all.filter(({ devices }) => devices === 1);
  const best = (student: string, teacher: string) =>
    peers.filter((peer) => peer.student === student && peer.teacher === teacher)
      .sort((a, b) => b.imagesPerSecond - a.imagesPerSecond)[0];
  const head = ["student", "teacher", "depthwise", "images/s", "ms a step", "teacher alone", "student alone"];
  const rows = ours.map((step) => {
    const peer = best(step.student, step.teacher);
    return [
      ...[step.student, step.teacher, step.student.startsWith("resnet") ? "none" : step.depthwise],
      ...[step.imagesPerSecond.toFixed(0), step.whole.medianMs.toFixed(1)],
      ...[step.teacherAlone.medianMs.toFixed(1), step.studentAlone.medianMs.toFixed(1)],
      ...[gigabytes(step.memory?.peak), step.compileSeconds.toFixed(0)],
      peer
        ? `${peer.imagesPerSecond.toFixed(0)} (${peer.mode}, ${gigabytes(peer.memory?.peak)})`
        : "not measured",
      peer ? (step.imagesPerSecond / peer.imagesPerSecond).toFixed(2) : "not measured",
    ];
  });
  const lines = table(
    [...head, "memory, most", "compile, s", "PyTorch, images/s", "ours / PyTorch"],
    rows,
  );
  if (!all.length) return lines;
  const { size, queue, precision } = all[0];
  const batch = ours.length ? `Batch ${ours[0].batch}, ` : "";
  return [
    ...lines,
    ...onCards(all.filter(({ devices }) => devices > 1), ours),
    "",
    `${batch}${size} px, queue ${queue}, ${precision}; medians.`,
  ];
}

/** A step of several cards, and how many times as fast as one card it is. */
function onCards(found: any[], ofOne: any[]): string[] {
  const rows = found.map((step) => {
    const one = ofOne.find(({ student, teacher, depthwise }) =>
      student === step.student && teacher === step.teacher && depthwise === step.depthwise
    );
    return [
      ...[step.student, step.teacher, `${step.devices}`, `${step.batch}`, step.imagesPerSecond.toFixed(0)],
      ...[step.whole.medianMs.toFixed(1), gigabytes(step.memory?.peak)],
      one ? (step.imagesPerSecond / one.imagesPerSecond).toFixed(2) : "not measured",
    ];
  });
  const head = [
    "student",
    "teacher",
    "cards",
    "batch of all",
    "images/s",
    "ms a step",
    "memory of one, most",
  ];
  return table([...head, "times one card"], rows);
}

function losses(found: any[]): string[] {
  const rows = found.map((
    {
      precision,
      devices,
      student,
      size,
      steps,
      differenceOfFirst,
      largestDifferenceOfFirst20,
      meanOfLast: { losses, found, expected },
    },
  ) => [
    `${student}, ${size} px, ${precision}${devices > 1 ? `, ${devices} cards` : ""}`,
    `${steps}`,
    small(differenceOfFirst),
    small(largestDifferenceOfFirst20),
    `${found.toFixed(4)}`,
    `${expected.toFixed(4)} (last ${losses})`,
  ]);
  return table([
    "loss beside TensorFlow's in fp32",
    "steps",
    "the first differs by",
    "the first 20",
    "mean at the end",
    "TensorFlow's",
  ], rows);
}

if (import.meta.main) {
  if (!Deno.args.length) throw new Error("Expected files measured.json");
  console.log(tableOf(Deno.args.map((path) => JSON.parse(Deno.readTextFileSync(path)))));
}
