import type { ElementType } from "../pjrt/buffer.ts";

/** A value of a program that is being written. */
export interface Value {
  /** In the program's text. */
  readonly name: string;
  readonly shape: readonly number[];
  readonly type: ElementType;
}

/** A value's type as MLIR writes it. */
export function typeText({ shape, type }: Pick<Value, "shape" | "type">): string {
  return `tensor<${[...shape, type].join("x")}>`;
}

/** A number as MLIR reads it back, bit for bit. */
export function literal(value: number, type: ElementType): string {
  switch (type) {
    case "i1":
      return value ? "true" : "false";
    case "i32":
    case "ui8":
      return `${Math.trunc(value)}`;
    case "f32":
      return hexadecimal(bitsOf(value), 8);
    case "bf16": {
      // The upper half of an f32, rounded to the nearest, of two to the even one.
      const bits = bitsOf(value), rounded = bits + 0x7fff + (bits >>> 16 & 1);
      return hexadecimal(Number.isFinite(value) ? rounded >>> 16 : bits >>> 16, 4);
    }
  }
}

function bitsOf(value: number): number {
  return new Uint32Array(Float32Array.of(value).buffer)[0];
}

function hexadecimal(bits: number, digits: number): string {
  return `0x${bits.toString(16).toUpperCase().padStart(digits, "0")}`;
}

export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((a, b) => a * b, 1);
}

export function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((size, i) => size === b[i]);
}
