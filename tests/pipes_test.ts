/**
 * Pipes that nobody writes to, in the place of every file that a user names: all are told at once, none is waited for.
 *
 * @module
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import dataCifar from "@seed/data-cifar";
import dataFashionMnist from "@seed/data-fashion-mnist";
import dataList from "@seed/data-list";
import dataTsv from "@seed/data-tsv";
import dataWebdataset from "@seed/data-webdataset";
import { loadImage, type Plugin, RunError } from "@seed/core";
import { sha256OfFile } from "@seed/core/host";
import { openWeights } from "../nn/weights/open_weights.ts";
import teacherOnnx from "@seed/teacher-onnx";
import { listed } from "../plugins/evaluators/semi/split.ts";
import { contextIn, inFolder } from "./support/plugin_context.ts";

/** Milliseconds that a message may take on a busy machine. */
const SOON = 5000;

Deno.test({
  name: "no reader waits for a pipe",
  ignore: Deno.build.os === "windows",
  fn: () =>
    inFolder(async (folder) => {
      const at = (name: string) => join(folder, name), context = contextIn(folder);
      const pipes = [
        "x.jpg",
        "x.tsv",
        "y.lineidx",
        "x.tar",
        "names.txt",
        "list.txt",
        "x.bin",
        "data_batch_1.bin",
      ];
      for (const name of [...pipes, "train-images-idx3-ubyte", "cifar-10-binary.tar.gz"]) {
        const { success } = await new Deno.Command("mkfifo", { args: [at(name)] }).output();
        assert.ok(success);
      }
      await Deno.writeTextFile(at("y.tsv"), "0\tQUJD\n");
      await dataWebdataset.standIn!({ root: "", queries: null, class_names: null }, { folder, images: 1 });
      const open = async (plugin: Plugin<"data">, options: Record<string, unknown>) => {
        using _source = await plugin.create(plugin.options.parse(options), context);
      };
      const readers: Record<string, () => Promise<unknown>> = {
        image: () => loadImage({ name: "x", file: at("x.jpg") }),
        "part of a file": () => loadImage({ name: "x", file: at("x.jpg"), offset: 1, length: 2 }),
        tsv: () => open(dataTsv, { root: "x.tsv" }),
        lineidx: () => open(dataTsv, { root: "y.tsv" }),
        shard: () => open(dataWebdataset, { root: "x.tar" }),
        "names of classes": () =>
          open(dataWebdataset, { root: "train-000000.tar", class_names: "names.txt" }),
        list: () => open(dataList, { root: "list.txt" }),
        cifar: () => open(dataCifar, { root: "." }),
        "fashion-mnist": () => open(dataFashionMnist, { root: "." }),
        weights: () => openWeights(at("x.bin")),
        hash: () => sha256OfFile(at("x.bin")),
        "images with labels": () =>
          listed({ length: 0, image: () => ({ name: "", file: "" }) }, at("list.txt")),
        onnx: async () =>
          await teacherOnnx.checkFiles!(
            teacherOnnx.options.parse({ weights: "x.bin", mean: [0, 0, 0], std: [1, 1, 1] }) as never,
            context,
          ),
      };
      for (const [name, read] of Object.entries(readers)) {
        let timer: ReturnType<typeof setTimeout>;
        const late = new Promise((_, reject) =>
          timer = setTimeout(() => reject(new Error("it waits")), SOON)
        );
        await assert.rejects(
          Promise.race([read(), late]).finally(() => clearTimeout(timer)),
          (error: Error) => {
            assert.ok(error instanceof RunError, `${name}: ${error.stack}`);
            assert.ok(error.message.includes(folder), `${name}: ${error.message}`);
            return true;
          },
        );
      }
    }),
});
