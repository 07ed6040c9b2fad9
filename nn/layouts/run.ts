import type { Layout } from "./layout.ts";

/**
 * What a run writes: `student.safetensors`, and the student in a checkpoint.
 *
 * @param stem The first of the network's values.
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
