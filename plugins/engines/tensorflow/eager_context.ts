import { type Attribute, setEagerAttribute } from "./attributes.ts";
import { type CApi, cString, DataType, readCString, throwIfFailed, withStatus } from "./c_api.ts";

/** A tensor as tfjs's kernels see it: a number for the handle, and what it holds. */
export interface TensorMetadata {
  id: number;
  shape: number[];
  /** A `TF_DataType`. */
  dtype: number;
}

type NumberArray = Float32Array | Int32Array | Uint8Array | BigInt64Array;

/** Runs operations at once, and owns the tensors and the functions. */
export class EagerContext implements AsyncDisposable {
  readonly #handles = new Map<number, Deno.PointerValue>();
  readonly #functions = new Set<string>();
  /** Null after it was disposed of. */
  #context: Deno.PointerValue;
  /** Calls on other threads. */
  readonly #calls = new Set<Promise<unknown>>();
  #nextId = 0;
  /** Device of every operation, for example `/device:GPU:0`; null: TensorFlow's choice. */
  device: string | null = null;

  constructor(readonly api: CApi, config: Uint8Array<ArrayBuffer>) {
    const options = api.TFE_NewContextOptions();
    this.#context = withStatus(api, "start", (status) => {
      api.TFE_ContextOptionsSetConfig(options, config, BigInt(config.length), status);
      return api.TFE_NewContext(options, status);
    });
    api.TFE_DeleteContextOptions(options);
  }

  /** How many tensors are alive. */
  get tensorCount(): number {
    return this.#handles.size;
  }

  /** Names of the functions that the context has. */
  get functions(): ReadonlySet<string> {
    return this.#functions;
  }

  /** Adds a `TF_Function`, which operations may then be called by; it stays the caller's to delete. */
  addFunction(name: string, made: Deno.PointerValue): void {
    const { api } = this;
    const context = this.#open(`add "${name}"`);
    withStatus(api, `add "${name}"`, (s) => api.TFE_ContextAddFunction(context, made, s));
    this.#functions.add(name);
  }

  /** Removes a function, and frees what it took, its constants and optimised graphs too. No call of it may run. */
  removeFunction(name: string): void {
    const { api } = this;
    if (!this.#functions.delete(name) || !this.#context) return; // those of a context that is gone are gone
    withStatus(
      api,
      `remove "${name}"`,
      (s) => api.TFE_ContextRemoveFunction(this.#context, cString(name), s),
    );
  }

  /** Kinds of the devices there are, for example `["CPU", "GPU"]`. */
  deviceTypes(): string[] {
    const { api } = this;
    return withStatus(api, "list the devices", (status) => {
      const list = api.TFE_ContextListDevices(this.#context, status);
      const types = [];
      for (let i = 0; i < api.TF_DeviceListCount(list); i++) {
        types.push(readCString(api.TF_DeviceListType(list, i, status)));
      }
      api.TF_DeleteDeviceList(list);
      return types;
    });
  }

  handle(id: number): Deno.PointerValue {
    const handle = this.#handles.get(id);
    if (handle === undefined) throw new Error(`Tensor ${id} was used after it was disposed`);
    return handle;
  }

  /** Copies `data` to a new tensor; plain arrays and other element types are converted to `dtype`. */
  createTensor(shape: readonly number[], dtype: number, data: ArrayLike<number>): number {
    const { api } = this;
    this.#open("create a tensor");
    const source = convert(data, dtype);
    const expected = shape.reduce((a, b) => a * b, 1);
    if (source.length !== expected) {
      throw new RangeError(`A tensor of shape [${shape}] has ${expected} values, got ${source.length}`);
    }
    const tensor = api.TF_AllocateTensor(dtype, dimensions(shape), shape.length, BigInt(source.byteLength));
    if (tensor === null) {
      throw new Error(`TensorFlow cannot allocate a tensor of shape [${shape}]: out of memory`);
    }
    if (source.byteLength) {
      const target = Deno.UnsafePointerView.getArrayBuffer(api.TF_TensorData(tensor)!, source.byteLength);
      new Uint8Array(target).set(new Uint8Array(source.buffer, source.byteOffset, source.byteLength));
    }
    try {
      const handle = withStatus(api, `create a tensor [${shape}]`, (s) => api.TFE_NewTensorHandle(tensor, s));
      return this.adopt(handle);
    } finally {
      api.TF_DeleteTensor(tensor);
    }
  }

  /** Takes a handle over; returns its number. */
  adopt(handle: Deno.PointerValue): number {
    const id = this.#nextId++;
    this.#handles.set(id, handle);
    return id;
  }

  deleteTensor(id: number): void {
    const handle = this.#handles.get(id);
    if (handle === undefined) return;
    this.#handles.delete(id);
    this.api.TFE_DeleteTensorHandle(handle);
  }

  /** Copies a tensor's values out, waiting for whatever computes them. */
  read(id: number): Float32Array | Int32Array | Uint8Array {
    const { api } = this, handle = this.handle(id);
    const tensor = withStatus(api, "read a tensor", (s) => api.TFE_TensorHandleResolve(handle, s));
    try {
      const size = Number(api.TF_TensorByteSize(tensor));
      const data = size
        ? Deno.UnsafePointerView.getArrayBuffer(api.TF_TensorData(tensor)!, size).slice(0)
        : new ArrayBuffer(0);
      const dtype = api.TFE_TensorHandleDataType(handle);
      if (dtype === DataType.FLOAT) return new Float32Array(data);
      if (dtype === DataType.INT32) return new Int32Array(data);
      if (dtype === DataType.INT64) return Int32Array.from(new BigInt64Array(data), Number);
      if (dtype === DataType.BOOL || dtype === DataType.UINT8) return new Uint8Array(data);
      throw new Error(
        `Cannot read a tensor of TensorFlow's data type ${dtype}: it has no counterpart in tfjs`,
      );
    } finally {
      api.TF_DeleteTensor(tensor);
    }
  }

  /** Runs an operation and waits for it. */
  execute(name: string, attributes: Attribute[], inputs: number[], outputCount: number): TensorMetadata[] {
    const { api } = this;
    return this.#withOp(name, attributes, inputs, (op, status) => {
      const outputs = new BigUint64Array(Math.max(1, outputCount));
      const count = new Int32Array([outputCount]);
      api.TFE_Execute(op, outputs, count, status);
      throwIfFailed(api, status, this.#describe(name, inputs));
      return Array.from(outputs.subarray(0, count[0]), (p) => this.#metadata(Deno.UnsafePointer.create(p)));
    });
  }

  /** Runs an operation on another thread; returns the handles' numbers. */
  executeAsync(
    name: string,
    attributes: Attribute[],
    inputs: number[],
    outputCount: number,
  ): Promise<number[]> {
    const call = this.#executeAsync(name, attributes, inputs, outputCount);
    const ended = call.then(() => {}, () => {}).then(() => void this.#calls.delete(ended));
    this.#calls.add(ended);
    return call;
  }

  async #executeAsync(
    name: string,
    attributes: Attribute[],
    inputs: number[],
    outputCount: number,
  ): Promise<number[]> {
    const { api } = this;
    const status = api.TF_NewStatus();
    let op: Deno.PointerValue = null;
    try {
      op = this.#newOp(name, attributes, inputs, status);
      const outputs = new BigUint64Array(Math.max(1, outputCount)), count = new Int32Array([outputCount]);
      await api.TFE_ExecuteAsync(op, outputs, count, status);
      throwIfFailed(api, status, this.#describe(name, inputs));
      // Both are read here, so that they are held as long as native code has them.
      return Array.from(outputs.subarray(0, count[0]), (p) => this.adopt(Deno.UnsafePointer.create(p)));
    } finally {
      if (op) api.TFE_DeleteOp(op);
      api.TF_DeleteStatus(status);
    }
  }

  shapeOf(handle: Deno.PointerValue): number[] {
    return withStatus(this.api, "read a shape", (status) => {
      const rank = this.api.TFE_TensorHandleNumDims(handle, status);
      return Array.from({ length: rank }, (_, i) => Number(this.api.TFE_TensorHandleDim(handle, i, status)));
    });
  }

  /** Frees the context, its tensors and its functions, when the calls that run have ended. */
  async [Symbol.asyncDispose](): Promise<void> {
    const context = this.#context;
    this.#context = null; // what is asked for from here on is an error
    await Promise.all(this.#calls);
    for (const id of [...this.#handles.keys()]) this.deleteTensor(id);
    this.#functions.clear(); // they are the context's
    if (context) this.api.TFE_DeleteContext(context);
  }

  /** @param use What the context is for, in the message if it is gone. */
  #open(use: string): Deno.PointerValue {
    if (this.#context) return this.#context;
    throw new Error(`TensorFlow cannot ${use}: the engine was disposed; open another one`);
  }

  #metadata(handle: Deno.PointerValue): TensorMetadata {
    return {
      id: this.adopt(handle),
      shape: this.shapeOf(handle),
      dtype: this.api.TFE_TensorHandleDataType(handle),
    };
  }

  #withOp<T>(
    name: string,
    attributes: Attribute[],
    inputs: number[],
    body: (op: Deno.PointerValue, status: Deno.PointerValue) => T,
  ): T {
    const status = this.api.TF_NewStatus();
    let op: Deno.PointerValue = null;
    try {
      op = this.#newOp(name, attributes, inputs, status);
      return body(op, status);
    } finally {
      if (op) this.api.TFE_DeleteOp(op);
      this.api.TF_DeleteStatus(status);
    }
  }

  #newOp(
    name: string,
    attributes: Attribute[],
    inputs: number[],
    status: Deno.PointerValue,
  ): Deno.PointerValue {
    const { api } = this;
    const op = api.TFE_NewOp(this.#open(`run "${name}"`), cString(name), status);
    throwIfFailed(api, status, `run "${name}"`);
    if (this.device) api.TFE_OpSetDevice(op, cString(this.device), status);
    for (const attribute of attributes) setEagerAttribute(api, op, attribute, status);
    for (const id of inputs) api.TFE_OpAddInput(op, this.handle(id), status);
    throwIfFailed(api, status, `prepare "${name}"`);
    return op;
  }

  /** Says which operation on which shapes; of many inputs only the first few. */
  #describe(name: string, inputs: number[]): string {
    const shapes = inputs.slice(0, 6).map((id) => `[${this.shapeOf(this.handle(id))}]`);
    return `run "${name}" on ${shapes.join(", ")}${
      inputs.length > 6 ? `, ... (${inputs.length} inputs)` : ""
    }`;
  }
}

/** Shape as TensorFlow takes it. */
export function dimensions(shape: readonly number[]): BigInt64Array<ArrayBuffer> {
  return BigInt64Array.from(shape.length ? shape : [0], BigInt);
}

function convert(data: ArrayLike<number>, dtype: number): NumberArray {
  switch (dtype) {
    case DataType.FLOAT:
      return data instanceof Float32Array ? data : Float32Array.from(data);
    case DataType.INT32:
      return data instanceof Int32Array ? data : Int32Array.from(data);
    case DataType.INT64:
      return BigInt64Array.from(Array.from(data), BigInt);
    case DataType.BOOL:
    case DataType.UINT8:
      return data instanceof Uint8Array ? data : Uint8Array.from(data);
    default:
      throw new Error(
        `Cannot create a tensor of TensorFlow's data type ${dtype}: the engine computes with numbers only`,
      );
  }
}
