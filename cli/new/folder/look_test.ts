import assert from "node:assert/strict";
import { makeImageFolder } from "../../../tests/support/image_folder.ts";
import { inFolder } from "../../../tests/support/plugin_context.ts";
import { lookAtFolder } from "./look.ts";

const host = { log() {}, signal: new AbortController().signal };

Deno.test("a folder by class is counted, and some of each class are held out", () =>
  inFolder(async (folder) => {
    await makeImageFolder(folder, { ".": 10 });
    const look = await lookAtFolder(folder, host);
    assert.deepEqual([look.images, look.train], [30, 24]);
    assert.deepEqual(look.classes, ["circles", "rows", "stripes"].map((name) => ({ name, images: 8 })));
    assert.deepEqual(look.evaluation, { queries: 6, gallery: 24, heldOut: 0.2, drawn: null });
    assert.deepEqual([look.sample.looked, look.sample.broken, look.copies.copies], [30, [], 0]);
    assert.ok(look.sample.sides.every((side) => side >= 32 && side < 48));
  }));

Deno.test("copies are found by their bytes, told apart where they are on both sides; what cannot be read is named", () =>
  inFolder(async (folder) => {
    await makeImageFolder(folder, { train: 8, val: 2 });
    await Deno.copyFile(`${folder}/train/rows/0.png`, `${folder}/train/rows/again.png`);
    await Deno.copyFile(`${folder}/train/rows/1.png`, `${folder}/val/rows/leak.png`);
    await Deno.writeTextFile(`${folder}/train/rows/broken.png`, "no picture");
    await Deno.writeTextFile(`${folder}/train/circles/empty.png`, "");
    await Deno.writeTextFile(`${folder}/train/circles/empty2.png`, "");
    const { sample, copies, evaluation, train } = await lookAtFolder(folder, host);
    assert.deepEqual([train, evaluation!.queries, evaluation!.heldOut], [28, 7, null]);
    assert.deepEqual([copies.copies, copies.across], [2, 1]);
    assert.deepEqual(sample.broken.map(({ name }) => name).sort(), [
      ...["circles/empty.png", "circles/empty2.png", "rows/broken.png"],
    ]);
  }));

Deno.test("of classes of one picture none is held out, nor is a handful; queries of a folder's own need another", () =>
  inFolder(async (folder) => {
    const singles = Array.from({ length: 28 }, (_, i) => `class${i}`);
    await makeImageFolder(`${folder}/singles`, { ".": 1 }, singles);
    const look = await lookAtFolder(`${folder}/singles`, host);
    assert.deepEqual([look.train, look.evaluation, look.classes!.length], [28, null, 28]);
    await Deno.copyFile(`${folder}/singles/class0/0.png`, `${folder}/singles/class0/1.png`);
    assert.equal((await lookAtFolder(`${folder}/singles`, host)).evaluation, null); // one could be
    await makeImageFolder(`${folder}/pairs`, { ".": 2 }, singles.slice(0, 6));
    assert.equal((await lookAtFolder(`${folder}/pairs`, host)).evaluation, null); // six would be left
    await makeImageFolder(`${folder}/own`, { train: 12, val: 1 }, [""]);
    assert.equal((await lookAtFolder(`${folder}/own`, host)).evaluation, null);
    await makeImageFolder(`${folder}/own`, { val: 2 }, [""]);
    assert.equal((await lookAtFolder(`${folder}/own`, host)).evaluation!.queries, 2);
  }));

Deno.test("a flat folder has no classes; of a handful of pictures none is held out, of fewer there is no run", () =>
  inFolder(async (folder) => {
    await makeImageFolder(folder, { flat: 30 }, [""]);
    const flat = await lookAtFolder(`${folder}/flat`, host);
    assert.deepEqual([flat.classes, flat.train, flat.evaluation!.queries], [null, 24, 6]);
    await makeImageFolder(folder, { few: 12, fewer: 5 }, [""]);
    assert.equal((await lookAtFolder(`${folder}/few`, host)).evaluation, null);
    await assert.rejects(lookAtFolder(`${folder}/fewer`, host), /has 5 pictures, too few to train on/);
    await Deno.mkdir(`${folder}/none`);
    await assert.rejects(lookAtFolder(`${folder}/none`, host), /holds no images .*; check --data$/);
    await Deno.writeTextFile(`${folder}/none/1.jpg`, "");
    await assert.rejects(lookAtFolder(`${folder}/none`, host), /None of the 1 pictures/);
  }));
