import { tf, UsageError } from "@seed/core";
import type { Host } from "@seed/core/host";
import { EagerEngine } from "@seed/engine-eager";
import { type LoadedNetwork, patchProblem } from "@seed/nn/host";
import { noPositionals, parseArguments } from "./arguments.ts";
import { writeHubFolder } from "./export/hub/hub_folder.ts";
import { originOf } from "./export/hub/origin.ts";
import { writeTfjsFolder } from "./export/tfjs_folder.ts";
import { type Wanted, wantedOf } from "./export/wanted.ts";
import { refuseSource, writeFile } from "./export/write_file.ts";
import { interruptible } from "./interruptible.ts";
import { type NetworkSubject, openSubject } from "./network_subject.ts";
import { SUBJECT_FLAGS, subjectFlags } from "./subject_flags.ts";

export const help = `Usage: deno task export --run DIR --to FORMAT [flags]
       deno task export --network NAME --weights FILE --to FORMAT --out PATH [flags]

Writes the student of a run, or a network with a file of weights, for other programs. NAME is one of ls networks, or
a module of yours that exports a network: ./my_network.ts, or ./my_network.ts#name.

  --to FORMAT        safetensors or pth (torch.load(weights_only=True)): a state dict; onnx: the network itself;
                     hub: a folder that transformers.js, timm and transformers load; tfjs: a folder for TensorFlow.js
  --out PATH         what is written (default with --run: student.onnx, student.pth, student-NAMES.safetensors, hub
                     or tfjs in the run's folder); a folder must not be there, or be empty
  --below PREFIX     what stands before the network's names, where the file holds it several times
  --layer NAME       features (default): the backbone; both: with the projection head; head, for onnx and tfjs: its
                     output alone
  --names NAME       of weights: timm (default) or torchvision
  --batch-norm HOW   for onnx: fold (default) into the layers before, or keep, with running statistics
  --input-size N     for onnx, hub and tfjs: side of the images (default: the student's, or the network's)
  --images DIR       for hub: pictures, in folders by class or not, that ranges of 8-bit values are found with, and
                     what float16, 8 bits and another resizing lose
  --dtype NAME       of weights in tfjs: fp32 (default) or fp16, which takes half the bytes
  --set key=value    overrides a key of the run's recipe, with --run; repeatable
  --allow-plugins    imports plugins of the run that do not come with SEED, which runs their code
  --json             prints what was done as one JSON object on standard output

The ONNX file takes images [batch, 3, N, N] as float32, RGB in 0..1, normalised by the mean and std in its metadata,
and gives features [batch, dim] or embedding [batch, dim] (the head's output, not L2-normalised), for any batch.

Example: deno task export --run runs/demo --to hub --images photos`;

export async function run(args: string[]): Promise<number> {
  const parsed = parseArguments(args, {
    ...SUBJECT_FLAGS,
    to: { type: "string" },
    out: { type: "string" },
    layer: { type: "string" },
    names: { type: "string" },
    "batch-norm": { type: "string" },
    "input-size": { type: "string" },
    images: { type: "string" },
    dtype: { type: "string" },
    json: { type: "boolean" },
  });
  noPositionals(parsed);
  parsed.required("to");
  const flags = subjectFlags(parsed), wanted = wantedOf(parsed);
  tf.enableProdMode(); // no advice on backends from tfjs
  using subject = await openSubject(flags);
  const problem = wanted.inputSize === null ? null : patchProblem(wanted.inputSize, subject.patch);
  if (problem) throw new UsageError(`${problem}; set --input-size to it`);
  return await interruptible("nothing is written", async (host) => {
    // Of a file, weights only pass through, and the network runs on shapes: nothing has to be downloaded.
    await using engine = subject.run ? await subject.openEngine(host, 1) : await EagerEngine.open();
    host.signal.throwIfAborted();
    using network = await subject.load({ engine, host }, { foldBatchNorm: false });
    const { weights } = subject, { format, out, layer } = wanted;
    const written = await write(network, subject, wanted, host);
    const facts = { out, format, network: network.name, layer, ...written, weights };
    if (parsed.has("json")) {
      console.log(JSON.stringify({ ...facts, weights_sha256: await subject.hash() }));
    } else console.error(`Wrote ${out}: ${network.name}, ${written.tensors} tensors, ${written.bytes} bytes`);
    return 0;
  });
}

/** @returns what there is to tell. */
async function write(
  network: LoadedNetwork,
  subject: NetworkSubject,
  wanted: Wanted,
  host: Host,
): Promise<{ tensors: number; bytes: number }> {
  const { format, out, layer, inputSize, images } = wanted;
  if (layer !== "features" && !network.hasHead) {
    throw new UsageError(
      `These weights of ${network.name} have no projection head; leave --layer ${layer} out`,
    );
  }
  if (format === "tfjs") return await writeTfjsFolder(network, wanted, host.signal);
  if (format !== "hub") {
    await refuseSource(out, subject.sources);
    return await writeFile(network, wanted, host.signal);
  }
  const size = inputSize ?? network.inputSize;
  return await writeHubFolder(network, await originOf(subject), { out, inputSize: size, images }, host);
}
