import { join } from "node:path";
import { UsageError } from "@seed/core";
import type { Names, Outputs } from "@seed/nn/host";
import type { Arguments } from "../arguments.ts";

/** What `--to` may be. */
export const FORMATS = ["safetensors", "pth", "onnx", "hub", "tfjs"] as const;
type Format = typeof FORMATS[number];

/** What was asked for, apart from the network. */
export interface Wanted {
  readonly format: Format;
  /** A file, or a folder for `hub` and `tfjs`. */
  readonly out: string;
  readonly layer: Outputs;
  readonly names: Names;
  readonly foldBatchNorm: boolean;
  /** Null: the network's. */
  readonly inputSize: number | null;
  /** Null: none are given. */
  readonly images: string | null;
  readonly dtype: "fp32" | "fp16";
}

/** Flags that are for some formats alone. */
const FLAGS_OF: Readonly<Record<string, readonly Format[]>> = {
  "names": ["safetensors", "pth"],
  "layer": ["safetensors", "pth", "onnx", "tfjs"],
  "batch-norm": ["onnx"],
  "input-size": ["onnx", "hub", "tfjs"],
  "images": ["hub"],
  "dtype": ["tfjs"],
};

/** Reads the flags. */
export function wantedOf(parsed: Arguments): Wanted {
  parsed.required("to");
  const format = parsed.choice("to", FORMATS)!;
  refuseMisplaced(parsed, format);
  const names = parsed.choice("names", ["timm", "torchvision"]) ?? "timm";
  const layer = parsed.choice("layer", ["features", "head", "both"]) ?? "features";
  if (layer === "head" && (format === "safetensors" || format === "pth")) {
    throw new UsageError(
      `--layer head is for --to onnx and tfjs; --layer both writes the head's weights with the backbone's`,
    );
  }
  const run = parsed.text("run");
  return {
    format,
    out: run === null ? parsed.required("out") : parsed.text("out") ?? join(run, nameIn(format, names)),
    layer,
    names,
    foldBatchNorm: (parsed.choice("batch-norm", ["fold", "keep"]) ?? "fold") === "fold",
    inputSize: parsed.count("input-size", 1, 1024),
    images: parsed.text("images"),
    dtype: parsed.choice("dtype", ["fp32", "fp16"]) ?? "fp32",
  };
}

function refuseMisplaced(parsed: Arguments, format: Format): void {
  for (const [flag, formats] of Object.entries(FLAGS_OF)) {
    if (parsed.text(flag) === null || formats.includes(format)) continue;
    const of = formats.length === 1 ? formats[0] : `${formats.slice(0, -1).join(", ")} or ${formats.at(-1)}`;
    throw new UsageError(`--${flag} is for --to ${of}; leave it out of --to ${format}`);
  }
}

/** What is written in a run's folder, if nothing else is said. */
function nameIn(format: Format, names: Names): string {
  if (format === "hub" || format === "tfjs") return format;
  return format === "safetensors" ? `student-${names}.safetensors` : `student.${format}`;
}
