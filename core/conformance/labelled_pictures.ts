import type { DataSource, ImageSet } from "../interfaces/data_source.ts";
import { picture } from "./pictures.ts";

/** Images to search in, and those to search for. */
type Sets = NonNullable<DataSource["evaluation"]>;

/** Labelled pictures in a file, which goes when they are disposed of. */
export interface LabelledPictures extends AsyncDisposable {
  /** A picture shows what its class shows. */
  readonly byClass: Sets;
  /** A picture has nothing to do with its class, nor with any other picture. */
  readonly random: Sets;
}

/** How many there are in a set, each of a concept of its own. */
export const CONCEPTS = 24;
export const CLASSES = 4;

/** Side of the pictures in pixels. */
const SIDE = 32, BYTES = SIDE * SIDE * 3;

/** Makes {@link CONCEPTS} pictures a set, of {@link CLASSES} classes one after the other. */
export async function labelledPictures(): Promise<LabelledPictures> {
  const file = await Deno.makeTempFile({ prefix: "seed-conformance-" });
  const shown = Array.from({ length: CLASSES + 2 * CONCEPTS }, (_, i) => picture(i, SIDE, SIDE).data);
  await Deno.writeFile(file, Uint8Array.from(shown.flatMap((data) => [...data])));
  const set = (pictureOf: (index: number) => number): ImageSet => ({
    length: CONCEPTS,
    image: (index) => ({
      name: `image ${index}`,
      file,
      ...{ offset: pictureOf(index) * BYTES, length: BYTES, pixels: { width: SIDE, height: SIDE } },
    }),
    label: (index) => index % CLASSES,
    classNames: ["a", "b", "c", "d"],
    identity: (index) => index,
  });
  const byClass = set((index) => index % CLASSES);
  return {
    byClass: { gallery: byClass, queries: byClass },
    random: { gallery: set((index) => CLASSES + index), queries: set((index) => CLASSES + CONCEPTS + index) },
    [Symbol.asyncDispose]: () => Deno.remove(file),
  };
}
