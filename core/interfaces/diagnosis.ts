/** One line of `doctor`. */
export interface Diagnosis {
  /** What was looked at, for example `TensorFlow`. */
  readonly subject: string;
  /** False: something has to be done. */
  readonly ok: boolean;
  /** What was found; or what is wrong, and what to do. */
  readonly message: string;
}
