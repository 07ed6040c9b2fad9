import { RunError } from "../errors.ts";

/** What an augmenter does wrong, whatever the picture: no picture is to be put right or left out for it. */
export class AugmenterError extends RunError {}
