import assert from "node:assert/strict";
import { splitUseOf, splitUseOfWord } from "./split_words.ts";

Deno.test("names of splits are known, with what people write to them; names of classes are none", () => {
  const train = ["train", "Training", "train2017", "train_images", "ILSVRC2012_img_train", "TRAIN-SET"];
  const heldOut = [
    "val",
    "Valid",
    "validation",
    "test",
    "testing",
    "val2017",
    "images_test",
    "Test set",
    "dev",
  ];
  const none = [
    "bullet_train",
    "test_tube",
    "trainers",
    "value",
    "evaluated",
    "contest",
    "cat",
    "devil",
    "1",
  ];
  for (const name of train) assert.equal(splitUseOf(name), "train", name);
  for (const name of heldOut) assert.equal(splitUseOf(name), "held out", name);
  for (const name of none) assert.equal(splitUseOf(name), null, name);
});

Deno.test("files of a split are known by a word of their names", () => {
  assert.deepEqual(splitUseOfWord("imagenet1k-validation-00"), { word: "validation", use: "held out" });
  assert.deepEqual(splitUseOfWord("cc3m-train-0001"), { word: "train", use: "train" });
  assert.deepEqual(splitUseOfWord("Test000"), { word: "Test", use: "held out" });
  for (const name of ["shard-000", "contest-1", "trainers"]) assert.equal(splitUseOfWord(name), null, name);
});
