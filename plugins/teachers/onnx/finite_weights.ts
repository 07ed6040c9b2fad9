import { quoted, RunError } from "@seed/core";
import { BFLOAT16, DOUBLE, FLOAT, FLOAT16, type ModelTensor } from "./model_tensors.ts";
import type { OnnxModel } from "./model_file.ts";

/** Bytes that are looked at in one piece. */
const PIECE = 4 << 20;

/** Tensors that an error names. */
const NAMED = 3;

/** What has been seen of a tensor's values. */
interface Seen {
  values: number;
  nan: number;
  infinite: number;
  /** A finite value; whether there are others. */
  finite: number | null;
  differs: boolean;
}

/** How values of a type are read. */
interface Kind {
  readonly bytes: number;
  /** `infinity`: bits of the exponent, for types that JavaScript has no numbers of. */
  look(piece: ArrayBuffer, seen: Seen): void;
}

const numbers = (array: typeof Float32Array | typeof Float64Array): Kind => ({
  bytes: array.BYTES_PER_ELEMENT,
  look(piece, seen) {
    for (const value of new array(piece)) {
      if (Number.isFinite(value)) note(seen, value);
      else if (value !== value) seen.nan++;
      else seen.infinite++;
    }
  },
});

/** @param exponent Its bits, which are all 1 in infinities and NaN. */
const halves = (exponent: number): Kind => ({
  bytes: 2,
  look(piece, seen) {
    const fraction = 0x7fff & ~exponent;
    for (const bits of new Uint16Array(piece)) {
      if ((bits & exponent) !== exponent) note(seen, bits);
      else if (bits & fraction) seen.nan++;
      else seen.infinite++;
    }
  },
});

const KINDS: Readonly<Record<number, Kind>> = {
  [FLOAT]: numbers(Float32Array),
  [DOUBLE]: numbers(Float64Array),
  [FLOAT16]: halves(0x7c00),
  [BFLOAT16]: halves(0x7f80),
};

function note(seen: Seen, value: number): void {
  if (seen.finite === null) seen.finite = value;
  else if (value !== seen.finite) seen.differs = true;
}

/**
 * Looks at all weights that are floats, piece by piece. Infinity beside one single other value is a mask, as
 * exporters write for attention, and may be there.
 *
 * @throws {RunError} If some are NaN or infinite.
 */
export async function requireFinite({ path, tensors, external }: OnnxModel): Promise<void> {
  const broken: string[] = [];
  const judge = async (
    tensor: ModelTensor,
    pieces: () => AsyncIterable<ArrayBuffer> | Iterable<ArrayBuffer>,
  ) => {
    const kind = KINDS[tensor.type],
      seen: Seen = { values: 0, nan: 0, infinite: 0, finite: null, differs: false };
    if (!tensor.initializer || !kind) return;
    for await (const piece of pieces()) {
      kind.look(piece, seen);
      seen.values += piece.byteLength / kind.bytes;
    }
    if (seen.nan || (seen.infinite && seen.differs)) broken.push(said(tensor, seen));
  };
  for (const tensor of tensors) {
    const { values } = tensor;
    if (values) await judge(tensor, () => inMemory(values, KINDS[tensor.type].bytes));
  }
  for (const { tensor, file, offset, length } of external.ranges) {
    await judge(
      tensor,
      () =>
        ofFile(file, offset, length ?? tensor.elements * KINDS[tensor.type].bytes, KINDS[tensor.type].bytes),
    );
  }
  if (broken.length === 0) return;
  const more = broken.length > NAMED ? `; ${broken.length - NAMED} more tensors too` : "";
  throw new RunError(
    `The ONNX model "${path}" is no teacher: ${broken.slice(0, NAMED).join("; ")}${more}; ` +
      "export it from a checkpoint of before its training diverged",
  );
}

function said({ name }: ModelTensor, { values, nan, infinite }: Seen): string {
  const count = nan + infinite;
  return `${quoted(name)} is not finite: ${count} of ${values} values ${
    count === 1 ? "is" : "are"
  } NaN or infinite`;
}

function* inMemory(bytes: Uint8Array, width: number): Generator<ArrayBuffer> {
  const whole = bytes.length - bytes.length % width;
  for (let at = 0; at < whole; at += PIECE) {
    yield bytes.slice(at, Math.min(whole, at + PIECE)).buffer as ArrayBuffer;
  }
}

async function* ofFile(
  path: string,
  offset: number,
  length: number,
  width: number,
): AsyncGenerator<ArrayBuffer> {
  using file = await Deno.open(path);
  await file.seek(offset, Deno.SeekMode.Start);
  for (let left = length - length % width, at = 0; left > 0; left -= at) {
    const piece = new Uint8Array(Math.min(PIECE, left));
    for (at = 0; at < piece.length;) {
      const count = await file.read(piece.subarray(at));
      if (count === null) throw new RunError(`The file "${path}" ends before byte ${offset + length}`);
      at += count;
    }
    yield piece.buffer;
  }
}
