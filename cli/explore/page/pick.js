import { at } from "./elements.js";

/** Bytes of a picture's file: what is larger would not fit into a phone's memory as pixels. */
const MOST_BYTES = 64 * 2 ** 20;

/**
 * Takes pictures that are chosen, dropped anywhere, or pasted.
 *
 * @param {(file: File) => void} take
 * @param {(problem: string) => void} refuse Takes what to tell the visitor.
 */
export function takePictures(take, refuse) {
  const one = (/** @type {FileList | null | undefined} */ files) => {
    const file = files?.[0];
    if (!file) {
      return refuse("That holds no file. A picture's address alone is not fetched: this page asks nobody");
    }
    if (file.size > MOST_BYTES) return refuse(`"${file.name}" has more than ${MOST_BYTES / 2 ** 20} MB`);
    take(file);
  };
  const input = /** @type {HTMLInputElement} */ (at("file"));
  input.addEventListener("change", () => {
    if (input.files?.length) one(input.files);
    input.value = ""; // the same file may be chosen again
  });
  addEventListener("paste", ({ clipboardData, target }) => {
    if (clipboardData?.files.length) one(clipboardData.files);
    else if (!(target instanceof HTMLInputElement)) refuse("There is no picture to paste");
  });
  takeDropped(one);
}

/** @param {(files: FileList | undefined) => void} take */
function takeDropped(take) {
  let inside = 0;
  const show = (/** @type {number} */ depth) => {
    inside = Math.max(0, depth);
    at("drop").classList.toggle("over", inside > 0);
  };
  addEventListener("dragenter", () => show(inside + 1));
  addEventListener("dragleave", () => show(inside - 1));
  addEventListener("dragover", (event) => event.preventDefault());
  addEventListener("drop", (event) => {
    event.preventDefault();
    show(0);
    take(event.dataTransfer?.files);
  });
}
