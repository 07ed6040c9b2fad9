import assert from "node:assert/strict";
import { PackedImagesBuilder, packedImageSet } from "./packed_images.ts";
import { PackedTexts } from "./packed_texts.ts";

Deno.test("packed texts are the texts again, whatever their length and letters", () => {
  const texts = ["", "a", "ä/\u{1f600}", "\ufeffmark", "x".repeat(10_000), ""];
  const packed = PackedTexts.of(texts);
  assert.deepEqual(Array.from({ length: packed.length }, (_, i) => packed.at(i)), texts);
});

/** A file of so many images of ten bytes. */
function file(name: string, count: number) {
  const builder = new PackedImagesBuilder();
  for (let i = 0; i < count; i++) builder.push({ name: `${i}.jpg`, offset: 10 * i, length: 10, label: i });
  return { path: `/data/${name}`, name, images: builder.finish() };
}

Deno.test("the images of several files come one after the other", () => {
  const files = [file("a", 2), file("b", 0), file("c", 1), file("d", 3)];
  const set = packedImageSet(files, ["0", "1", "2"], "base64");
  assert.equal(set.length, 6);
  const found = Array.from({ length: 6 }, (_, i) => [set.image(i).name, set.image(i).offset, set.label!(i)]);
  assert.deepEqual(found, [
    ["a/0.jpg", 0, 0],
    ["a/1.jpg", 10, 1],
    ["c/0.jpg", 0, 0],
    ["d/0.jpg", 0, 0],
    ["d/1.jpg", 10, 1],
    ["d/2.jpg", 20, 2],
  ]);
  assert.deepEqual(set.image(5), {
    name: "d/2.jpg",
    file: "/data/d",
    offset: 20,
    length: 10,
    encoding: "base64",
  });
  assert.equal(packedImageSet(files, null).label, undefined);
});
