/** What is judged. */
export interface VerdictFigures {
  state: "finished" | "under way" | "interrupted";
  steps: number;
  /** Steps that the recipe asks for; null: it is not known. */
  plannedSteps: number | null;
  /** The figure that networks are compared by; null: nothing was evaluated. */
  figure: {
    /** For people: `kNN`. */
    name: string;
    /** Images that it is a share of; null: not recorded. */
    queries: number | null;
    teacher: number | null;
    beginning: number | null;
    /** The student's, ascending by step. */
    student: readonly { step: number; value: number }[];
  } | null;
  /** Figures of other evaluators that student and beginning have. */
  others: readonly { name: string; queries: number | null; beginning: number; student: number }[];
  /** Whether a teacher says what is to be learnt; else the student does, and its targets change with it. */
  isTaught: boolean;
  /** Whether the student makes the same of all images. */
  isCollapsed: boolean;
  /** A step each: the loss, and of it what no student can be below and what a guess has; null: not recorded. */
  losses: readonly { loss: number; floor: number | null; uniform: number | null; rate: number | null }[];
  /** Fixed views of each image, which the teacher's cache has, and how often each is shown; null: new ones each epoch. */
  fixedViews: { views: number; times: number } | null;
  /** Steps until the queue that began as noise is full of embeddings, which makes the loss rise; 0: there is none. */
  filledAfter: number;
  /** Share of the steps' time that they waited for views; null: not recorded. */
  waits: number | null;
}

/** The best of some students, the earliest of several; undefined: there are none. */
export function bestOf<T extends { value: number }>(students: readonly T[]): T | undefined {
  return students.reduce<T | undefined>(
    (best, one) => best && best.value >= one.value ? best : one,
    undefined,
  );
}

/** Differences within so many standard errors are none. */
export const CLEAR_ERRORS = 2;

/** Whether the run was to end before its recipe's end. */
export function endsBeforePlan(
  { steps, plannedSteps }: Pick<VerdictFigures, "steps" | "plannedSteps">,
): boolean {
  return plannedSteps !== null && steps < plannedSteps;
}
