/**
 * Who teaches: a plugin that needs no file, or a file of weights, whose network is found by its tensors.
 *
 * @module
 */
import { quoted, RunError, UsageError } from "@seed/core";
import { exists } from "@seed/core/host";
import { openWeights } from "@seed/nn";
import { layoutOf, networksOf } from "@seed/nn/host";
import { DEFAULT_TEACHER } from "./settings.ts";

/** A teacher: how a recipe names it. */
export interface TeacherChoice {
  /** For people. */
  readonly about: string;
  /** The keys of `teacher:`, the plugin first. */
  readonly keys: Readonly<Record<string, string>>;
  /** Side of the patches that its pictures are made of; 1: any side will do. */
  readonly patch: number;
}

/** Plugins that fetch their weights themselves. */
const WITHOUT_FILE: Readonly<Record<string, string>> = {
  [DEFAULT_TEACHER]:
    "EfficientNet-Lite2, whose ImageNet weights are fetched (25 MB) and were learnt with labels",
};

/**
 * The teacher that somebody names: a plugin, or a file of weights.
 *
 * @throws {UsageError} If it is neither.
 * @throws {RunError} If the file cannot be read, or is of no network that is known, or of several.
 */
export async function teacherNamed(name: string): Promise<TeacherChoice> {
  const plugin = name.startsWith("@") ? name : `@seed/teacher-${name}`;
  if (plugin in WITHOUT_FILE) return { about: WITHOUT_FILE[plugin], keys: { plugin }, patch: 1 };
  if (await exists(name)) return await teacherOfFile(name);
  const advice = `name a file of its weights, or ${
    Object.keys(WITHOUT_FILE).join(", ")
  }, which fetches its own`;
  throw new UsageError(
    name.startsWith("@")
      ? `The teacher ${
        quoted(name)
      } needs a file of weights; ${advice}, for example --teacher dinov2_vits14.pth`
      : `There is no file ${quoted(name, 300)}; ${advice}`,
  );
}

async function teacherOfFile(path: string): Promise<TeacherChoice> {
  if (path.endsWith(".onnx")) {
    throw new UsageError(
      `How ${
        quoted(path, 300)
      } wants its pixels is not in the file; write a recipe with @seed/teacher-onnx by hand ` +
        "(docs/recipes.md, Teachers), for example from one that this command has made",
    );
  }
  using file = await openWeights(path);
  const [network, ...others] = networksOf(file);
  if (!network || others.length) {
    const found = network
      ? `fits ${[network, ...others].map(({ name }) => name).join(", ")} alike`
      : "fits no network";
    throw new RunError(
      `The file ${
        quoted(path, 300)
      } ${found} of those that are known (ls networks); write the teacher into the recipe ` +
        "by hand: @seed/teacher-network with its network",
    );
  }
  const layout = layoutOf(file, network), layer = layout.head === null ? "features" : "head";
  return {
    about: `${network.name} with the weights of ${quoted(path, 300)}, layout "${layout.name}"`,
    keys: { plugin: "@seed/teacher-network", network: network.name, weights: path, layer },
    patch: network.patch ?? 1,
  };
}
