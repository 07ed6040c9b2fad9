import { nearest, quoted, UsageError } from "@seed/core";

/** A network that can be trained: how a recipe names it. */
export interface StudentChoice {
  /** As `ls networks` has it. */
  readonly name: string;
  /** The keys of `student:`, the plugin first. */
  readonly keys: Readonly<Record<string, string | number>>;
}

/** Networks by the plugin that trains them, and by the option that tells them apart. */
const FAMILIES: readonly [plugin: string, before: string, option: string, values: (string | number)[]][] = [
  ["@seed/student-efficientnet", "efficientnet_", "variant", ["b0", "b1", "b2", "b3", "b4"]],
  ["@seed/student-mobilenet-v3", "mobilenet_v3_", "variant", ["large", "small"]],
  ["@seed/student-mobilenet-v4", "mobilenet_v4_conv_", "variant", ["small", "medium"]],
  ["@seed/student-regnet", "regnet_", "variant", ["y_400mf", "y_800mf"]],
  ["@seed/student-resnet", "resnet", "depth", [18, 34, 50]],
  ["@seed/student-vision-transformer", "vit_", "variant", ["tiny_16", "small_16"]],
  ["@seed/student-convnext", "convnext_", "variant", ["atto", "femto", "pico", "nano", "tiny"]],
];

/** All of them. */
export const STUDENTS: readonly StudentChoice[] = FAMILIES.flatMap(([plugin, before, option, values]) =>
  values.map((value) => ({ name: `${before}${value}`, keys: { plugin, [option]: value } }))
);

/**
 * The student of a name.
 *
 * @throws {UsageError} If there is none.
 */
export function studentNamed(name: string): StudentChoice {
  const found = STUDENTS.find((student) => student.name === name);
  if (found) return found;
  const names = STUDENTS.map((student) => student.name), close = nearest(name, names);
  throw new UsageError(
    `There is no student ${quoted(name)}. ${
      close ? `Did you mean "${close}"?` : `There are ${names.join(", ")}`
    }`,
  );
}
