import type { ImageReference } from "../data_source.ts";
import type { KeyPart } from "../random.ts";

/** How a worker begins: which augmenter, made from which options. */
export interface StartMessage {
  kind: "start";
  /** URL of the plugin's module. */
  module: string;
  exportName: string;
  options: unknown;
  seed: number;
}

/** One view to make, into a place of shared memory. */
export interface ViewTask {
  kind: "view";
  id: number;
  image: ImageReference;
  /** Key of the view's random choices; null: no augmentation, the centre. */
  key: KeyPart[] | null;
  size: number;
  target: SharedArrayBuffer;
  offset: number;
}

/** What a worker says. */
export type WorkerReply =
  | { kind: "ready" }
  | { kind: "done"; id: number }
  | { kind: "failed"; id: number | null; message: string };
