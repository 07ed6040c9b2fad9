import type { ImageReference } from "../../interfaces/data_source.ts";
import type { KeyPart } from "../../random.ts";

/** An augmenter's plugin, as a worker can import it. */
export interface AugmenterModule {
  /** URL of the plugin's module. */
  module: string;
  exportName: string;
  options: unknown;
  /** Folder of the plugin's own in the user's cache. */
  cacheDir: string;
}

/** How a worker begins. */
export interface StartMessage {
  kind: "start";
  /** By number; none: evaluation views only. */
  augmenters: readonly AugmenterModule[];
  seed: number;
  /** Folder that relative paths start from. */
  base: string;
}

/** Tells the augmenters that the run is interrupted, or that the pipeline ends. */
export interface AbortMessage {
  kind: "abort";
  reason: string;
  /** Whether the worker is to say when they know, and has nothing more to do. */
  isEnd: boolean;
}

/** One view to make, into a place of shared memory. */
export interface ViewTask {
  kind: "view";
  id: number;
  image: ImageReference;
  /** Key of the view's random choices; null: no augmentation, the centre. */
  key: KeyPart[] | null;
  /** Number of the augmenter that makes it. */
  augmenter: number;
  size: number;
  /** Of an evaluation view: what the short side is resized to; absent: `size / 0.875`. */
  shortSide?: number;
  target: SharedArrayBuffer;
  offset: number;
}

/**
 * What a worker says; bloated: the kernels' memory has grown so much that another worker should take its place. A
 * failure is the picture's unless the augmenter is known to fail whatever the picture.
 */
export type WorkerReply =
  | { kind: "ready" }
  | { kind: "log"; message: string }
  | { kind: "ended" }
  | { kind: "done"; id: number; isBloated: boolean }
  | { kind: "failed"; id: number | null; message: string; isPictures: boolean; isBloated: boolean };
