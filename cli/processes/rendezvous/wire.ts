/**
 * What the processes of a run say to the first one, a line of JSON each: `hello`, `welcome`, `join`, `begin`; then signs
 * of life, until one leaves or tells what has failed.
 *
 * Each side proves that it has the run's token without saying it: by HMAC-SHA256 of what the other has drawn.
 *
 * @module
 */
import { createHmac, timingSafeEqual } from "node:crypto";

/** Who a process is. */
export interface Member {
  rank: number;
  size: number;
  host: string;
}

/** What another process says to the first. */
export type ToServer =
  | { hello: string }
  | { join: Member; proof: string }
  | { lives: true }
  | { leaves: true }
  | { failed: string };

/** What the first says to the others. */
export type FromServer =
  | { welcome: string; proof: string }
  | { refused: string }
  | { begin: Beginning }
  | { lives: true }
  | { end: true }
  | { failed: string };

/** What a process is told when all have come. */
export interface Beginning {
  /** Name of each process's machine, by rank. */
  hosts: string[];
  /** Variables by which MPI finds the others. */
  pmi: Record<string, string>;
}

/** Something that nobody can foresee. */
export function draw(): string {
  return crypto.getRandomValues(new Uint8Array(16)).toHex();
}

/** Proof that whoever said these texts has the token. */
export function proofOf(token: string, ...texts: readonly string[]): string {
  return createHmac("sha256", token).update(JSON.stringify(texts)).digest("hex");
}

/** Whether a proof is the right one. */
export function isProof(proof: string, token: string, ...texts: readonly string[]): boolean {
  const expected = new TextEncoder().encode(proofOf(token, ...texts)),
    found = new TextEncoder().encode(proof);
  return found.length === expected.length && timingSafeEqual(found, expected);
}
