import assert from "node:assert/strict";
import { parseArguments } from "../arguments.ts";
import { LineAsker } from "./ask.ts";
import { WISH_FLAGS, wishesOf } from "./wishes.ts";
import { inFolder } from "../../tests/support/plugin_context.ts";

function asker(...parts: string[]) {
  const shown: string[] = [], encoder = new TextEncoder();
  const input = ReadableStream.from(parts.map((part) => encoder.encode(part)));
  return { shown, asker: new LineAsker(input as ReadableStream<Uint8Array>, (text) => shown.push(text)) };
}

Deno.test("answers are lines; an empty one is the usual, or is asked again; their end is told", async () => {
  const { asker: one, shown } = asker("  pho", "tos \n\n", "\nresnet18\n");
  assert.equal(await one.ask("Folder", null), "photos");
  assert.equal(await one.ask("Student", "efficientnet_b0"), "efficientnet_b0");
  assert.equal(await one.ask("Again", null), "resnet18");
  assert.deepEqual(shown, ["Folder: ", "Student [efficientnet_b0]: ", "Again: ", "Again: "]);
  await assert.rejects(one.ask("More", "x"), /The answers ended; nothing was written/);
});

Deno.test("what no flag says is asked; without somebody to ask the usual is taken, but a folder must be named", () =>
  inFolder(async (folder) => {
    const data = `${folder}/my photos`;
    await Deno.mkdir(data);
    const flags = (...args: string[]) => parseArguments(args, WISH_FLAGS);
    const out = `${folder}/a.yaml`, { asker: one, shown } = asker("resnet19\nresnet18\n\n5m\n");
    const wishes = await wishesOf(flags("--data", data, "--out", out), one);
    assert.deepEqual(wishes.student.keys, { plugin: "@seed/student-resnet", depth: 18 });
    assert.deepEqual([wishes.teacher.keys.plugin, wishes.seconds], ["@seed/teacher-efficientnet-lite", 300]);
    assert.equal(shown.length, 4, "one is asked again, and neither the folder nor the recipe is asked for");
    const usual = await wishesOf(flags("--data", data), null);
    assert.deepEqual([usual.student.name, usual.seconds, usual.out], [
      "mobilenet_v3_small",
      1200,
      "my_photos.yaml",
    ]);
    const refused: [string[], RegExp][] = [
      [[], /Expected --data; --help shows how/],
      [["--data", `${folder}/none`], /there is nothing at/],
      [["--data", data, "--student", "resnet19"], /Did you mean "resnet18"/],
      [["--data", data, "--teacher", "@seed/teacher-dino"], /needs a file of weights; name a file/],
      [["--data", data, "--teacher", "dino.pth"], /There is no file "dino\.pth"/],
      [["--data", data, "--out", "a.txt"], /--out must end in "\.yaml"/],
      [["--data", data, "--begin", "runs/none"], /--begin expects .* nothing at "runs\/none"/],
      [["--data", data, "--time", "soon"], /--time expects/],
    ];
    for (const [args, says] of refused) await assert.rejects(wishesOf(flags(...args), null), says);
    await Deno.writeTextFile(out, "mine");
    await assert.rejects(wishesOf(flags("--data", data, "--out", out), null), /is there already/);
  }));
