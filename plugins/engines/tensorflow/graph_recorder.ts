import { type Attribute, AttributeType, setGraphAttribute } from "./attributes.ts";
import { computesInBf16, inBf16, type Operand } from "./autocast.ts";
import { type CApi, cString, DataType, packOutput, throwIfFailed, withStatus } from "./c_api.ts";
import { dimensions, type EagerContext, type TensorMetadata } from "./eager_context.ts";
import { type InputArgument, inputArguments } from "./op_definition.ts";

/** Numbers of a graph's tensors begin here, those of real tensors stay below. */
const FIRST_GRAPH_ID = 1e9;
/** Outputs whose shape TensorFlow does not infer and which only ever go into the matching gradient operation. */
const OPAQUE_OUTPUTS: Record<string, number> = { FusedBatchNormV3: 5 };

/** A function that a graph can call. */
export interface RecordedCall {
  functionName: string;
  /** `TF_DataType`s. */
  inputTypes: number[];
  outputTypes: number[];
  outputShapes: number[][];
}

/** A value of a graph: an output of one of its operations. */
type Output = Uint8Array<ArrayBuffer>;

/** What an operation is given for an argument: one input, or those of a list. */
interface Given {
  argument: InputArgument;
  ids: number[];
}

interface RecorderOptions {
  /**
   * Whether a real tensor is an input of the function (an argument, a variable); others that the function meets are
   * constants.
   */
  isInput: (id: number) => boolean;
  /** `bf16`: what {@link computesInBf16} says is recorded in bf16, which tfjs takes for fp32. Default `fp32`. */
  precision?: "fp32" | "bf16";
}

/** True if `id` names a tensor of a graph that is being recorded, not one that exists. */
export function isGraphTensor(id: number): boolean {
  return id >= FIRST_GRAPH_ID;
}

/** Attribute of a function, and of a call of it, that has XLA compile it. */
const MUST_COMPILE = "_XlaMustCompile";

/** Records operations into a TensorFlow graph instead of running them. */
export class GraphRecorder implements Disposable {
  readonly #graph: Deno.PointerValue;
  readonly #outputs = new Map<number, Output>();
  /** Real tensors that became inputs or constants of the graph. */
  readonly #captured = new Map<number, Output>();
  readonly #inputOrder: number[] = [];
  /** Values in the other precision, by the number of what was cast. */
  readonly #casts = new Map<number, number>();
  readonly #definitions = new Map<string, InputArgument[]>();
  #nodes = 0;
  #constantBytes = 0;
  #nextId = FIRST_GRAPH_ID;

  constructor(
    readonly name: string,
    private readonly context: EagerContext,
    private readonly options: RecorderOptions,
  ) {
    this.#graph = this.#api.TF_NewGraph();
  }

  get #api(): CApi {
    return this.context.api;
  }

  get precision(): "fp32" | "bf16" {
    return this.options.precision ?? "fp32";
  }

  /** Size of the constants that the graph has so far. */
  get constantBytes(): number {
    return this.#constantBytes;
  }

  /** Adds an operation. */
  record(op: string, attributes: Attribute[], inputs: number[], outputCount: number): TensorMetadata[] {
    const given = this.#argumentsOf(op, attributes, inputs);
    const narrow = this.precision === "bf16" && computesInBf16(op, attributes, this.#operands(given));
    const cast = given.map(({ argument, ids }) => {
      const type = narrow && argument.typeAttribute === "T" ? DataType.BFLOAT16 : DataType.FLOAT;
      return { argument, ids: ids.map((id) => this.#cast(id, type)) };
    });
    const description = this.#begin(op);
    this.#addInputs(description, cast);
    const lengths = new Set(this.#definition(op).map((input) => input.lengthAttribute));
    for (const attribute of narrow ? inBf16(attributes) : attributes) {
      // A list's length is known from the list.
      if (attribute.type === AttributeType.INT && lengths.has(attribute.name)) continue;
      setGraphAttribute(this.#api, description, attribute);
    }
    const operation = this.#finish(description, op);
    return Array.from({ length: outputCount }, (_, i) => this.#metadata(op, operation, i));
  }

  /** The `TF_DataType` that a value really has. */
  typeOf(id: number): number {
    return this.#api.TF_OperationOutputType(this.#output(id));
  }

  /**
   * An fp32 value rounded to bf16, halves to even; any other stays as it is. In integers, of which XLA makes vectors of
   * 512 bits: with its own cast, of 256, SiLU takes twice as long (2026-11-27). A quiet NaN stays one, unless almost all
   * bits of its payload are set, as processors do not set them.
   */
  roundedToBf16(id: number): number {
    if (this.typeOf(id) !== DataType.FLOAT) return id;
    const INT = { T: DataType.INT32 };
    const bits = this.#add("Bitcast", [id], { T: DataType.FLOAT, type: DataType.INT32 });
    const upper = (bits: number) => this.#add("RightShift", [bits, this.#integer(16)], INT);
    const odd = this.#add("BitwiseAnd", [upper(bits), this.#integer(1)], INT);
    const half = this.#add("AddV2", [bits, this.#integer(0x7fff)], INT);
    const rounded = upper(this.#add("AddV2", [half, odd], INT));
    const short = this.#add("Cast", [rounded], { SrcT: DataType.INT32, DstT: DataType.INT16 });
    return this.#add("Bitcast", [short], { T: DataType.INT16, type: DataType.BFLOAT16 });
  }

  /** Takes real tensors into the graph while they exist: a result that no operation has made, or used. */
  take(ids: readonly number[]): void {
    for (const id of ids) this.#output(id);
  }

  /**
   * Makes the recorded graph a function of the context.
   *
   * @returns the numbers of the real tensors that are its inputs, in order.
   */
  toFunction(functionName: string, outputs: number[]): { inputs: number[]; outputTypes: number[] } {
    const results = outputs.map((id) => this.#cast(id, DataType.FLOAT));
    return {
      inputs: [...this.#inputOrder],
      outputTypes: this.#makeFunction(functionName, this.#inputOrder, results),
    };
  }

  /** Adds a parameter: a value that every call of the function gives. */
  parameter(shape: number[], dtype: number): TensorMetadata {
    return { id: this.#numbered(this.#newPlaceholder(shape, dtype)), shape, dtype: seenAs(dtype) };
  }

  /** Makes the recorded graph a function that XLA compiles into as few passes over memory as it can. */
  toCompiledFunction(
    functionName: string,
    inputs: number[],
    outputs: number[],
    shapes: number[][],
  ): RecordedCall {
    const outputTypes = this.#makeFunction(functionName, inputs, outputs, (made) => {
      const isTrue = Uint8Array.of(0x28, 1); // AttrValue { b: true }
      withStatus(
        this.#api,
        `compile "${this.name}"`,
        (status) =>
          this.#api.TF_FunctionSetAttrValueProto(
            made,
            cString(MUST_COMPILE),
            isTrue,
            BigInt(isTrue.length),
            status,
          ),
      );
    });
    const inputTypes = inputs.map((id) => this.#api.TF_OperationOutputType(this.#output(id)));
    return { functionName, inputTypes, outputTypes, outputShapes: shapes };
  }

  /** Adds a call of a compiled function. */
  call(called: RecordedCall, inputs: number[]): TensorMetadata[] {
    const { functionName, inputTypes, outputTypes, outputShapes } = called;
    const description = this.#begin("PartitionedCall");
    this.#addInputs(description, this.#argumentsOf("PartitionedCall", [], inputs));
    for (
      const attribute of [
        { name: "Tin", type: AttributeType.TYPE, value: inputTypes },
        { name: "Tout", type: AttributeType.TYPE, value: outputTypes },
        { name: "f", type: AttributeType.FUNCTION, value: functionName },
        { name: MUST_COMPILE, type: AttributeType.BOOL, value: true },
      ]
    ) setGraphAttribute(this.#api, description, attribute);
    const operation = this.#finish(description, "PartitionedCall");
    // TensorFlow infers no shapes through a call: say them.
    return outputTypes.map((dtype, i) => this.#ensureShape(packOutput(operation, i), dtype, outputShapes[i]));
  }

  [Symbol.dispose](): void {
    this.#api.TF_DeleteGraph(this.#graph);
  }

  /** Adds an operation of one output, whose attributes are types. */
  #add(op: string, inputs: readonly number[], types: Record<string, number>): number {
    const description = this.#begin(op);
    for (const id of inputs) this.#api.TF_AddInput(description, this.#output(id));
    for (const [name, type] of Object.entries(types)) {
      this.#api.TF_SetAttrType(description, cString(name), type);
    }
    return this.#numbered(packOutput(this.#finish(description, op), 0));
  }

  #integer(value: number): number {
    const made = this.context.createTensor([], DataType.INT32, [value]);
    try {
      return this.#numbered(this.#constant(made));
    } finally {
      this.context.deleteTensor(made);
    }
  }

  #ensureShape(output: Output, dtype: number, shape: number[]): TensorMetadata {
    const description = this.#begin("EnsureShape");
    this.#api.TF_AddInput(description, output);
    this.#api.TF_SetAttrShape(description, cString("shape"), dimensions(shape), shape.length);
    const ensured = packOutput(this.#finish(description, "EnsureShape"), 0);
    return { id: this.#numbered(ensured), shape, dtype: seenAs(dtype) };
  }

  /** Returns the types of the outputs. */
  #makeFunction(
    functionName: string,
    inputs: readonly number[],
    outputs: readonly number[],
    prepare?: (made: Deno.PointerValue) => void,
  ): number[] {
    const api = this.#api;
    const parameters = inputs.map((id) => this.#output(id)), results = outputs.map((id) => this.#output(id));
    const made = withStatus(api, `make a function of "${this.name}"`, (status) =>
      api.TF_GraphToFunction(
        this.#graph,
        cString(functionName),
        0, // append_hash_to_fn_name
        -1, // every operation belongs to it
        null,
        parameters.length,
        concatenate(parameters),
        results.length,
        concatenate(results),
        null,
        null,
        null,
        status,
      ));
    prepare?.(made);
    try {
      this.context.addFunction(functionName, made);
    } finally {
      api.TF_DeleteFunction(made);
    }
    return results.map((result) => api.TF_OperationOutputType(result));
  }

  #begin(op: string): Deno.PointerValue {
    // Node names are unique, so not worth keeping in cString's cache.
    const node = new TextEncoder().encode(`${op}_${this.#nodes++}\0`);
    return this.#api.TF_NewOperation(this.#graph, cString(op), node);
  }

  #finish(description: Deno.PointerValue, op: string): Deno.PointerValue {
    return withStatus(
      this.#api,
      `trace "${op}" in "${this.name}"`,
      (status) => this.#api.TF_FinishOperation(description, status),
    );
  }

  #definition(op: string): InputArgument[] {
    let definition = this.#definitions.get(op);
    if (!definition) this.#definitions.set(op, definition = inputArguments(this.#api, this.#graph, op));
    return definition;
  }

  /** An operation's arguments and the inputs that each is given. */
  #argumentsOf(op: string, attributes: readonly Attribute[], inputs: readonly number[]): Given[] {
    const definition = this.#definition(op), rest = [...inputs];
    const lists = definition.filter((argument) => argument.isList).length;
    return definition.map((argument) => {
      if (!argument.isList) return { argument, ids: rest.splice(0, 1) };
      // With one list its length follows from the count; with several, attributes say it.
      const said = attributes.find((a) => a.name === argument.lengthAttribute && a.type === AttributeType.INT)
        ?.value;
      const length = lists === 1 ? inputs.length - (definition.length - 1) : Number(said);
      return { argument, ids: rest.splice(0, length) };
    });
  }

  #addInputs(description: Deno.PointerValue, given: readonly Given[]): void {
    for (const { argument, ids } of given) {
      const outputs = ids.map((id) => this.#output(id));
      if (argument.isList) this.#api.TF_AddInputList(description, concatenate(outputs), outputs.length);
      else this.#api.TF_AddInput(description, outputs[0]);
    }
  }

  /** What an operation is given of its type `T`. */
  #operands(given: readonly Given[]): Operand[] {
    return given.filter(({ argument }) => argument.typeAttribute === "T").flatMap(({ ids }) =>
      ids.map((id) => ({
        shape: this.#shapeOf(this.#output(id)),
        inBf16: this.typeOf(id) === DataType.BFLOAT16,
      }))
    );
  }

  /** A value in another of the two precisions; what is in neither stays as it is. */
  #cast(id: number, to: number): number {
    const from = this.typeOf(id), precisions: number[] = [DataType.FLOAT, DataType.BFLOAT16];
    if (from === to || !precisions.includes(from)) return id;
    const casts = this.#casts.get(id) ?? this.#add("Cast", [id], { SrcT: from, DstT: to });
    this.#casts.set(id, casts);
    return casts;
  }

  /** Gives a value of the graph the number that tfjs knows it by. */
  #numbered(output: Output): number {
    const id = this.#nextId++;
    this.#outputs.set(id, output);
    return id;
  }

  #output(id: number): Output {
    const known = this.#outputs.get(id) ?? this.#captured.get(id);
    if (known) return known;
    if (isGraphTensor(id)) throw new Error(`A tensor of another trace was used while tracing "${this.name}"`);
    const output = this.options.isInput(id) ? this.#placeholder(id) : this.#constant(id);
    this.#captured.set(id, output);
    return output;
  }

  #placeholder(id: number): Output {
    const handle = this.context.handle(id);
    this.#inputOrder.push(id);
    return this.#newPlaceholder(this.context.shapeOf(handle), this.#api.TFE_TensorHandleDataType(handle));
  }

  #newPlaceholder(shape: number[], dtype: number): Output {
    const description = this.#begin("Placeholder");
    this.#api.TF_SetAttrType(description, cString("dtype"), dtype);
    this.#api.TF_SetAttrShape(description, cString("shape"), dimensions(shape), shape.length);
    return packOutput(this.#finish(description, "Placeholder"), 0);
  }

  #constant(id: number): Output {
    const api = this.#api, handle = this.context.handle(id);
    const tensor = withStatus(api, "copy a constant", (s) => api.TFE_TensorHandleResolve(handle, s));
    try {
      this.#constantBytes += Number(api.TF_TensorByteSize(tensor));
      const description = this.#begin("Const");
      api.TF_SetAttrType(description, cString("dtype"), api.TFE_TensorHandleDataType(handle));
      withStatus(
        api,
        "set a constant",
        (s) => api.TF_SetAttrTensor(description, cString("value"), tensor, s),
      );
      return packOutput(this.#finish(description, "Const"), 0);
    } finally {
      api.TF_DeleteTensor(tensor);
    }
  }

  #metadata(op: string, operation: Deno.PointerValue, index: number): TensorMetadata {
    const api = this.#api, output = packOutput(operation, index);
    const id = this.#numbered(output);
    const shape = OPAQUE_OUTPUTS[op] === index ? [] : this.#shapeOf(output, op);
    return { id, shape, dtype: seenAs(api.TF_OperationOutputType(output)) };
  }

  /** @param op What made it, for the message if the shape depends on data. */
  #shapeOf(output: Output, op = "a value"): number[] {
    const api = this.#api, status = api.TF_NewStatus();
    try {
      const rank = api.TF_GraphGetTensorNumDims(this.#graph, output, status);
      const dims = new BigInt64Array(Math.max(1, rank));
      if (rank > 0) api.TF_GraphGetTensorShape(this.#graph, output, dims, rank, status);
      throwIfFailed(api, status, `infer the shape of "${op}"`);
      const shape = Array.from(dims.subarray(0, Math.max(0, rank)), Number);
      if (rank >= 0 && shape.every((size) => size >= 0)) return shape;
    } finally {
      api.TF_DeleteStatus(status);
    }
    throw new Error(
      `Cannot trace "${op}" in "${this.name}": the shape of its result depends on data; compute it outside the traced function, or set engine.trace to false`,
    );
  }
}

/** The type that tfjs takes a value for: it does not know bf16. */
function seenAs(dtype: number): number {
  return dtype === DataType.BFLOAT16 ? DataType.FLOAT : dtype;
}

function concatenate(outputs: Output[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(16 * Math.max(1, outputs.length));
  outputs.forEach((output, i) => bytes.set(output, 16 * i));
  return bytes;
}
