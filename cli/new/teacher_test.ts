import assert from "node:assert/strict";
import { writeSafetensors } from "@seed/core";
import { readParameters } from "@seed/core/host";
import { IMAGENET, networkNamed, TrainableParameters } from "@seed/nn";
import { inFolder } from "../../tests/support/plugin_context.ts";
import { STUDENTS } from "./students.ts";
import { teacherNamed } from "./teacher.ts";

/** Writes a network's values, made up, with names that a publisher would give them. */
async function writeWeights(
  path: string,
  network: string,
  prefix = "",
  besides: string[] = [],
): Promise<void> {
  using parameters = new TrainableParameters(0);
  networkNamed(network).build(parameters, IMAGENET);
  const arrays = (await readParameters(parameters.parameters))
    .map((array) => ({ ...array, name: prefix + array.name }));
  const head = besides.map((name) => ({
    ...{
      name,
      shape: name.endsWith("weight") ? [8, 8] : [8],
      data: new Float32Array(name.endsWith("weight") ? 64 : 8),
    },
  }));
  await writeSafetensors(path, [...arrays, ...head], {});
}

Deno.test("a teacher's network is found by the tensors of its file", () =>
  inFolder(async (folder) => {
    const path = `${folder}/what is it.safetensors`;
    await writeWeights(path, "vit_small_16");
    const vit = await teacherNamed(path);
    assert.deepEqual([vit.keys.network, vit.keys.layer, vit.patch], ["vit_small_16", "features", 16]);
    assert.equal(vit.keys.weights, path);
    await writeWeights(path, "resnet18");
    assert.deepEqual((await teacherNamed(path)).keys, {
      ...{ plugin: "@seed/teacher-network", network: "resnet18", weights: path, layer: "features" },
    });
    await writeSafetensors(path, [{ name: "a", shape: [1], data: new Float32Array(1) }], {});
    await assert.rejects(teacherNamed(path), /fits no network of those that are known/);
    await Deno.writeTextFile(`${folder}/t.onnx`, "");
    await assert.rejects(teacherNamed(`${folder}/t.onnx`), /@seed\/teacher-onnx by hand/);
  }));

Deno.test("a plugin that fetches its weights is a teacher by its name, long or short", async () => {
  for (const name of ["@seed/teacher-efficientnet-lite", "efficientnet-lite"]) {
    assert.deepEqual((await teacherNamed(name)).keys, { plugin: "@seed/teacher-efficientnet-lite" });
  }
});

Deno.test("each student is one that its plugin knows, and all that can be trained are there", async () => {
  const names = new Set<string>();
  for (const { name, keys: { plugin, ...options } } of STUDENTS) {
    const module = await import(plugin as string);
    module.default.options.parse(options);
    networkNamed(name);
    names.add(plugin as string);
  }
  const folder = new URL("../../plugins/students/", import.meta.url);
  assert.equal(names.size, [...Deno.readDirSync(folder)].filter(({ isDirectory }) => isDirectory).length);
});
