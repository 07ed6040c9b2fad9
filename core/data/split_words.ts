/** What a part of a data set is for. */
export type SplitUse = "train" | "held out";

const TRAIN = "train(?:ing)?|trn|development";
const HELD_OUT = "val(?:id(?:ation)?)?|test(?:ing)?|tst|dev|eval(?:uation)?|hold[-_ ]?out|held[-_ ]?out";
const TRAIN_WORD = new RegExp(`^(?:${TRAIN})$`, "i");
const HELD_OUT_WORD = new RegExp(`^(?:${HELD_OUT})$`, "i");

/** Such a word, with what else people write to it: `train2017`, `val_images`, `ILSVRC2012_img_train`, `Test-Set`. */
const NAME = new RegExp(
  `^(?:.*(?:imgs?|images?)[-_ .])?(?:(${TRAIN})|(${HELD_OUT}))(?:[-_ .]?(?:set|split|data|imgs?|images?|\\d+))*$`,
  "i",
);

/**
 * What a part of a data set is for by its name, in any case; null: its name is none of a split. Names of classes seldom
 * are: `test_tube` and `bullet_train` are none.
 */
export function splitUseOf(name: string): SplitUse | null {
  const match = name.match(NAME);
  return match && (match[1] === undefined ? "held out" : "train");
}

/** The same by the first word in a name that is one: `cc3m-train-0001`, say, of a file that holds no class. */
export function splitUseOfWord(name: string): { word: string; use: SplitUse } | null {
  for (const word of name.split(/[^\p{L}]+/u)) {
    if (TRAIN_WORD.test(word)) return { word, use: "train" };
    if (HELD_OUT_WORD.test(word)) return { word, use: "held out" };
  }
  return null;
}
