/**
 * Models with 8-bit integers in ONNX's QDQ form: what is quantized goes through `QuantizeLinear` and
 * `DequantizeLinear`, and runtimes that have integer kernels put those in between.
 * https://onnxruntime.ai/docs/performance/model-optimizations/quantization.html
 *
 * @module
 */
import type { Initializer, OnnxModel, OnnxNode } from "./onnx_model.ts";

/** The least and the greatest value that a tensor of a model was seen to have. */
export interface Range {
  readonly min: number;
  readonly max: number;
}

/** Convolutions and matrix products, whose second input is the weight and first axis of that the outputs. */
const LINEAR = ["Conv", "Gemm"];

/** Functions that runtimes make part of the convolution before them. */
const CLIPPING = ["Relu", "Clip"];

/**
 * Values that are quantized where ranges are known: inputs of convolutions and matrix products, and outputs of those
 * within the model.
 */
export function quantizedValues(model: OnnxModel): string[] {
  const names = new Set<string>(), isOutput = outputsOf(model);
  for (const node of linearNodes(model)) {
    names.add(node.inputs[0]);
    const made = afterClipping(model, node.output);
    if (!isOutput.has(made)) names.add(made);
  }
  return [...names];
}

/**
 * A model whose weights of convolutions and matrix products are 8-bit: one scale for each output channel, symmetric.
 * Weights are unsigned with a zero point of 128: with signed ones, kernels for x86 processors without VNNI saturate.
 *
 * @param ranges Of the values that {@link quantizedValues} names, which then are 8-bit too, as the products are; null:
 *   the network computes in fp32.
 */
export function quantize(model: OnnxModel, ranges: ReadonlyMap<string, Range> | null): OnnxModel {
  const quantizer = new Quantizer(model, ranges);
  const nodes = model.nodes.flatMap((node) => quantizer.translate(node));
  const begin = model.inputs.flatMap(({ name }) => quantizer.afterValue(name));
  const used = new Set([...begin, ...nodes].flatMap(({ inputs }) => inputs));
  const kept = model.initializers.filter(({ name }) => used.has(name));
  return { ...model, initializers: [...kept, ...quantizer.made], nodes: [...begin, ...nodes] };
}

/** The model with more of its values as outputs, whose shapes nobody has said. */
export function withOutputs(model: OnnxModel, names: readonly string[]): OnnxModel {
  const known = outputsOf(model), inputs = new Set(model.inputs.map(({ name }) => name));
  const more = names.filter((name) => !known.has(name) && !inputs.has(name));
  return { ...model, outputs: [...model.outputs, ...more.map((name) => ({ name, shape: null }))] };
}

function outputsOf(model: OnnxModel): Set<string> {
  return new Set(model.outputs.map(({ name }) => name));
}

function linearNodes({ nodes, initializers }: OnnxModel): OnnxNode[] {
  const constants = new Set(initializers.map(({ name }) => name));
  return nodes.filter(({ operator, inputs }) => LINEAR.includes(operator) && constants.has(inputs[1]));
}

/** The value itself, or what the one function makes of it that clips. */
function afterClipping({ nodes }: OnnxModel, value: string): string {
  const users = nodes.filter(({ inputs }) => inputs.includes(value));
  return users.length === 1 && CLIPPING.includes(users[0].operator) ? users[0].output : value;
}

/** Whole numbers with what they are multiplied by. */
interface Steps {
  readonly scale: string;
  readonly zeroPoint: string;
}

/** Makes a model's nodes anew. */
class Quantizer {
  readonly made: Initializer[] = [];
  readonly #constants: ReadonlyMap<string, Initializer>;
  readonly #linear: ReadonlySet<OnnxNode>;
  readonly #steps = new Map<string, Steps & { size: number }>();

  constructor(model: OnnxModel, ranges: ReadonlyMap<string, Range> | null) {
    this.#constants = new Map(model.initializers.map((constant) => [constant.name, constant]));
    this.#linear = new Set(linearNodes(model));
    for (const name of ranges ? quantizedValues(model) : []) this.#addSteps(name, ranges!.get(name)!);
  }

  /** A node, and what goes before and after it. */
  translate(node: OnnxNode): OnnxNode[] {
    const inputs = node.inputs.map((name) => this.#steps.has(name) ? dequantized(name) : name);
    const after = this.afterValue(node.output);
    if (!this.#linear.has(node)) return [{ ...node, inputs }, ...after];
    const [value, weight, bias] = node.inputs, { nodes, scales } = this.#weight(weight, node.output);
    const operands = [inputs[0], nodes[0].output];
    const steps = this.#steps.get(value);
    if (bias !== undefined) {
      const whole = steps ? this.#bias(bias, scales, steps.size, node.output) : null;
      if (whole) nodes.push(whole);
      operands.push(whole?.output ?? bias);
    }
    return [...nodes, { ...node, inputs: operands }, ...after];
  }

  /** What makes whole numbers of a value, and of those a value again; nothing for one that stays as it is. */
  afterValue(name: string): OnnxNode[] {
    const steps = this.#steps.get(name);
    if (!steps) return [];
    const operands = [steps.scale, steps.zeroPoint], whole = `${name}_quantized`;
    return [
      { operator: "QuantizeLinear", inputs: [name, ...operands], output: whole, attributes: {} },
      {
        operator: "DequantizeLinear",
        inputs: [whole, ...operands],
        output: dequantized(name),
        attributes: {},
      },
    ];
  }

  #addSteps(name: string, { min, max }: Range): void {
    const low = Math.min(0, min), size = (Math.max(0, max) - low) / 255 || 1;
    const scale = this.#constant(`${name}_scale`, [], Float32Array.of(size));
    const zero = this.#constant(`${name}_zero_point`, [], Uint8Array.of(Math.round(-low / size)));
    this.#steps.set(name, { scale, zeroPoint: zero, size });
  }

  #weight(name: string, user: string): { nodes: OnnxNode[]; scales: Float32Array } {
    const { shape, data } = this.#constants.get(name)!, outputs = shape[0], each = data.length / outputs;
    const values = data as Float32Array, whole = new Uint8Array(data.length);
    const scales = new Float32Array(outputs);
    for (let output = 0; output < outputs; output++) {
      let most = 0;
      for (let i = output * each; i < (output + 1) * each; i++) most = Math.max(most, Math.abs(values[i]));
      scales[output] = most / 127;
    }
    // Where all weights are 0 any scale does, but the bias comes in steps of it.
    const least = scales.reduce((low, scale) => scale > 0 ? Math.min(low, scale) : low, Infinity);
    for (let output = 0; output < outputs; output++) {
      const scale = scales[output] ||= Number.isFinite(least) ? least : 1;
      for (let i = output * each; i < (output + 1) * each; i++) {
        whole[i] = 128 + Math.round(values[i] / scale);
      }
    }
    const stem = `${user}_weight`, zeros = new Uint8Array(outputs).fill(128);
    const inputs = [
      this.#constant(`${stem}_quantized`, shape, whole),
      this.#constant(`${stem}_scale`, [outputs], scales),
      this.#constant(`${stem}_zero_point`, [outputs], zeros),
    ];
    const node = { operator: "DequantizeLinear", inputs, output: stem, attributes: { axis: 0 } };
    return { nodes: [node], scales };
  }

  /** A bias in the steps of the products that it is added to; null if it has more of them than 32 bits count. */
  #bias(name: string, weights: Float32Array, value: number, user: string): OnnxNode | null {
    const { shape, data } = this.#constants.get(name)!, scales = weights.map((scale) => scale * value);
    const whole = Array.from(data as Float32Array, (bias, i) => Math.round(bias / scales[i]));
    if (whole.some((steps) => Math.abs(steps) > 2 ** 31 - 1)) return null;
    const stem = `${user}_bias`;
    const inputs = [
      this.#constant(`${stem}_quantized`, shape, Int32Array.from(whole)),
      this.#constant(`${stem}_scale`, shape, scales),
    ];
    return { operator: "DequantizeLinear", inputs, output: stem, attributes: { axis: 0 } };
  }

  #constant(name: string, shape: readonly number[], data: Initializer["data"]): string {
    this.made.push({ name, shape, data });
    return name;
  }
}

const dequantized = (name: string) => `${name}_dequantized`;
