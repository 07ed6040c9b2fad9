/** How large the parts of a measurement are. */
export interface Sizes {
  /** Images a step, their side in pixels, and rows of the queue. */
  step: { batch: number; size: number; queue: number };
  /** Steps before those that are timed, the most that are timed, and seconds after which no more are begun. */
  timing: { before: number; steps: number; seconds: number };
  similarities: { rows: number; queue: number };
  loss: {
    student: "efficientnet-b0" | "resnet18";
    batch: number;
    size: number;
    queue: number;
    steps: number;
  };
}

/** The paper's shapes on a card. */
export const FULL: Sizes = {
  step: { batch: 256, size: 224, queue: 65536 },
  timing: { before: 3, steps: 30, seconds: 25 },
  similarities: { rows: 256, queue: 65536 },
  loss: { student: "efficientnet-b0", batch: 32, size: 64, queue: 512, steps: 200 },
};

/** To see on a processor that all of it runs: `--tiny`. */
export const TINY: Sizes = {
  step: { batch: 4, size: 32, queue: 64 },
  timing: { before: 1, steps: 3, seconds: 10 },
  similarities: { rows: 8, queue: 512 },
  loss: { student: "resnet18", batch: 8, size: 32, queue: 64, steps: 5 },
};
