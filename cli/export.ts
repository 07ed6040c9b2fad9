import { dirname, join, resolve } from "node:path";
import { tf, UsageError, writeAtomically, writeSafetensors } from "@seed/core";
import { sha256OfFile, writing } from "@seed/core/host";
import { EagerEngine } from "@seed/engine-eager";
import {
  exportOnnx,
  type LoadedNetwork,
  type Names,
  type Outputs,
  stateDict,
  writeTorch,
} from "@seed/nn/host";
import { type Arguments, noPositionals, parseArguments } from "./arguments.ts";
import { interruptible } from "./interruptible.ts";
import { openSubject } from "./network_subject.ts";
import { SUBJECT_FLAGS, subjectFlags } from "./subject_flags.ts";

export const help = `Usage: deno task export --run DIR --to FORMAT [flags]
       deno task export --network NAME --weights FILE --to FORMAT --out FILE [flags]

Writes the student of a run, or a network with a file of weights, for other programs.

  --to FORMAT        safetensors or pth (torch.load(weights_only=True)): a state dict; onnx: the network itself
  --out FILE         what is written (default with --run: student.onnx, student.pth or student-NAMES.safetensors
                     in the run's folder)
  --below PREFIX     what stands before the network's names, where the file holds it several times
  --layer NAME       features (default): the backbone; both: with the projection head; head, for onnx: its output
                     alone
  --names NAME       of weights: timm (default) or torchvision
  --batch-norm HOW   for onnx: fold (default) into the layers before, or keep, with running statistics
  --input-size N     for onnx: side of the images (default: the student's, or the network's)
  --set key=value    overrides a key of the run's recipe, with --run; repeatable
  --allow-plugins    imports plugins of the run that do not come with SEED, which runs their code
  --json             prints what was done as one JSON object on standard output

The ONNX file takes images [batch, 3, N, N] as float32, RGB in 0..1, normalised by the mean and std in its metadata,
and gives features [batch, dim] or embedding [batch, dim] (the head's output, not L2-normalised), for any batch.

Example: deno task export --run runs/demo --to onnx`;

const FORMATS = ["safetensors", "pth", "onnx"] as const;
type Format = typeof FORMATS[number];

/** What was asked for, apart from the network. */
interface Wanted {
  format: Format;
  out: string;
  layer: Outputs;
  names: Names;
  foldBatchNorm: boolean;
  /** Null: the network's. */
  inputSize: number | null;
}

export async function run(args: string[]): Promise<number> {
  const parsed = parseArguments(args, {
    ...SUBJECT_FLAGS,
    to: { type: "string" },
    out: { type: "string" },
    layer: { type: "string" },
    names: { type: "string" },
    "batch-norm": { type: "string" },
    "input-size": { type: "string" },
    json: { type: "boolean" },
  });
  noPositionals(parsed);
  parsed.required("to");
  const flags = subjectFlags(parsed), wanted = wantedOf(parsed);
  tf.enableProdMode(); // no advice on backends from tfjs
  using subject = await openSubject(flags);
  return await interruptible("nothing is written", async (host) => {
    // Of a file, weights only pass through, and the network runs on shapes: nothing has to be downloaded.
    await using engine = subject.run ? await subject.openEngine(host, 1) : await EagerEngine.open();
    using network = await subject.load({ engine, host }, { foldBatchNorm: false });
    const { weights } = subject;
    const facts = { ...await write(network, wanted), weights, weights_sha256: await sha256OfFile(weights) };
    if (parsed.has("json")) console.log(JSON.stringify(facts));
    else {console.error(
        `Wrote ${facts.out}: ${facts.network}, ${facts.tensors} tensors, ${facts.bytes} bytes`,
      );}
    return 0;
  });
}

function wantedOf(parsed: Arguments): Wanted {
  const format = parsed.choice("to", FORMATS)!, onnx = format === "onnx";
  const misplaced = (onnx ? ["names"] : ["batch-norm", "input-size"]).find((flag) =>
    parsed.text(flag) !== null
  );
  if (misplaced) {
    const of = onnx ? "safetensors or pth" : "onnx";
    throw new UsageError(`--${misplaced} is for --to ${of}; leave it out of --to ${format}`);
  }
  const names = parsed.choice("names", ["timm", "torchvision"]) ?? "timm";
  const layer = parsed.choice("layer", ["features", "head", "both"]) ?? "features";
  if (layer === "head" && !onnx) {
    throw new UsageError(
      `--layer head is for --to onnx; --layer both writes the head's weights with the backbone's`,
    );
  }
  const folder = parsed.text("run");
  const name = format === "safetensors" ? `student-${names}.safetensors` : `student.${format}`;
  return {
    format,
    out: folder === null ? parsed.required("out") : parsed.text("out") ?? join(folder, name),
    layer,
    names,
    foldBatchNorm: (parsed.choice("batch-norm", ["fold", "keep"]) ?? "fold") === "fold",
    inputSize: parsed.count("input-size", 1, 1024),
  };
}

async function write(network: LoadedNetwork, wanted: Wanted) {
  const { format, out, layer } = wanted;
  if (layer !== "features" && !network.hasHead) {
    throw new UsageError(
      `These weights of ${network.name} have no projection head; leave --layer ${layer} out`,
    );
  }
  await writing(out, () => Deno.mkdir(dirname(resolve(out)), { recursive: true }));
  const facts = format === "onnx" ? await writeOnnx(network, wanted) : await writeWeights(network, wanted);
  const { size } = await Deno.stat(out);
  return { out, format, network: network.name, layer, ...facts, bytes: size };
}

async function writeOnnx(network: LoadedNetwork, { out, layer, foldBatchNorm, inputSize }: Wanted) {
  const side = inputSize ?? network.inputSize;
  const { bytes, tensors } = exportOnnx(network, { outputs: layer, foldBatchNorm, inputSize: side });
  await writing(out, () => writeAtomically(out, [bytes]));
  return { tensors, batch_norm: foldBatchNorm ? "fold" : "keep", input_size: side };
}

async function writeWeights(network: LoadedNetwork, { format, out, layer, names }: Wanted) {
  const { arrays, epsilons } = await stateDict(network, { names, head: layer === "both" });
  if (epsilons) {
    console.error(
      `Batch norm adds ${epsilons.to} to variances in ${names}, ${epsilons.from} in these weights: they were scaled ` +
        "so that the outputs in evaluation are the same",
    );
  }
  const { mean, std } = network.normalization;
  const metadata = {
    network: network.name,
    ...{ input_size: `${network.inputSize}`, mean: JSON.stringify(mean), std: JSON.stringify(std) },
  };
  await writing(
    out,
    () => format === "pth" ? writeTorch(out, arrays) : writeSafetensors(out, arrays, metadata),
  );
  return { tensors: arrays.length, names };
}
