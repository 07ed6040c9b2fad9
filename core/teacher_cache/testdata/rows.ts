import { Random } from "../../random.ts";
import type { ViewId } from "../embedding_store.ts";

/** Width of the embeddings of tests. */
export const DIM = 24;

/** An embedding that its view alone decides, of values that halves hold exactly. */
export function rowOf({ image, view }: ViewId): Float32Array {
  const random = new Random(image, "row", view);
  return Float32Array.from({ length: DIM }, () => (random.below(2048) - 1024) / 1024);
}
