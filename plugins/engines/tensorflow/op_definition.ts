import { type CApi, cString, withStatus } from "./c_api.ts";

/** An argument of an operation; a list argument's length is the attribute `lengthAttribute`. */
export interface InputArgument {
  name: string;
  isList: boolean;
  lengthAttribute: string;
  /** The attribute that says its element type; empty: the type is fixed, or the argument a list of several. */
  typeAttribute: string;
}

/**
 * The input arguments of an operation, read from TensorFlow's own definition of it: a graph wants to know which
 * inputs are lists (`ConcatV2`, `Pack`, `AddN`, ...).
 */
export function inputArguments(api: CApi, graph: Deno.PointerValue, op: string): InputArgument[] {
  const buffer = api.TF_NewBuffer();
  try {
    withStatus(api, `find the operation "${op}"`, (s) => api.TF_GraphGetOpDef(graph, cString(op), buffer, s));
    // TF_Buffer: { const void* data; size_t length; deallocator }
    const view = new Deno.UnsafePointerView(buffer!);
    const data = view.getPointer(0), length = Number(view.getBigUint64(8));
    return parseInputs(new Uint8Array(Deno.UnsafePointerView.getArrayBuffer(data!, length)));
  } finally {
    api.TF_DeleteBuffer(buffer);
  }
}

/** `OpDef.input_arg` is field 2; of an `ArgDef`: name 1, type_attr 4, number_attr 5, type_list_attr 6. */
function parseInputs(definition: Uint8Array): InputArgument[] {
  const text = new TextDecoder();
  const inputs: InputArgument[] = [];
  for (const [field, argument] of messageFields(definition)) {
    if (field !== 2) continue;
    const input = { name: "", isList: false, lengthAttribute: "", typeAttribute: "" };
    for (const [part, value] of messageFields(argument)) {
      if (part === 1) input.name = text.decode(value);
      if (part === 4) input.typeAttribute = text.decode(value);
      if (part === 5 || part === 6) {
        input.isList = true;
        input.lengthAttribute = text.decode(value);
      }
    }
    inputs.push(input);
  }
  return inputs;
}

/** The length-delimited fields of a protocol-buffer message; numbers are passed over. */
function* messageFields(bytes: Uint8Array): Generator<[number, Uint8Array]> {
  let at = 0;
  const varint = () => {
    let value = 0, scale = 1;
    for (;;) {
      const byte = bytes[at++];
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      scale *= 128;
    }
  };
  while (at < bytes.length) {
    const key = varint(), wire = key & 7;
    if (wire === 2) {
      const length = varint();
      yield [key >>> 3, bytes.subarray(at, at += length)];
    } else if (wire === 0) varint();
    else at += wire === 1 ? 8 : 4;
  }
}
