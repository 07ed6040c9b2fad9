import { type CApi, cString } from "./c_api.ts";

/** `TF_AttrType` of tfjs's kernels, with two of our own: a function and raw bytes. */
export const AttributeType = {
  STRING: 0,
  INT: 1,
  FLOAT: 2,
  BOOL: 3,
  TYPE: 4,
  SHAPE: 5,
  RESOURCE: 9,
  FUNCTION: 100,
  BYTES: 101,
} as const;

/** An attribute of an operation, as tfjs's kernels give it. */
export interface Attribute {
  name: string;
  type: number;
  value: any;
}

const encoder = new TextEncoder();

/** Sets an attribute of an operation that runs at once. */
export function setEagerAttribute(
  api: CApi,
  op: Deno.PointerValue,
  { name, type, value }: Attribute,
  status: Deno.PointerValue,
): void {
  const key = cString(name), list = Array.isArray(value);
  switch (type) {
    case AttributeType.STRING:
      return api.TFE_OpSetAttrString(op, key, ...bytes(encoder.encode(value)));
    case AttributeType.BYTES:
      return api.TFE_OpSetAttrString(op, key, ...bytes(value));
    case AttributeType.INT:
      if (list) return api.TFE_OpSetAttrIntList(op, key, int64s(value), value.length);
      return api.TFE_OpSetAttrInt(op, key, BigInt(value));
    case AttributeType.FLOAT:
      return api.TFE_OpSetAttrFloat(op, key, value);
    case AttributeType.BOOL:
      return api.TFE_OpSetAttrBool(op, key, value ? 1 : 0);
    case AttributeType.TYPE:
      if (list) return api.TFE_OpSetAttrTypeList(op, key, Int32Array.from(value), value.length);
      return api.TFE_OpSetAttrType(op, key, value);
    case AttributeType.SHAPE:
      return api.TFE_OpSetAttrShape(op, key, int64s(value), value.length, status);
    case AttributeType.FUNCTION:
      return api.TFE_OpSetAttrFunctionName(op, key, ...bytes(encoder.encode(value)));
    default:
      throw new TypeError(`Attribute "${name}" has the type "${type}", which the engine does not know`);
  }
}

/** Sets an attribute of an operation of a graph. */
export function setGraphAttribute(
  api: CApi,
  op: Deno.PointerValue,
  { name, type, value }: Attribute,
): void {
  const key = cString(name), list = Array.isArray(value);
  switch (type) {
    case AttributeType.STRING:
      return api.TF_SetAttrString(op, key, ...bytes(encoder.encode(value)));
    case AttributeType.BYTES:
      return api.TF_SetAttrString(op, key, ...bytes(value));
    case AttributeType.INT:
      if (list) return api.TF_SetAttrIntList(op, key, int64s(value), value.length);
      return api.TF_SetAttrInt(op, key, BigInt(value));
    case AttributeType.FLOAT:
      return api.TF_SetAttrFloat(op, key, value);
    case AttributeType.BOOL:
      return api.TF_SetAttrBool(op, key, value ? 1 : 0);
    case AttributeType.TYPE:
      if (list) return api.TF_SetAttrTypeList(op, key, Int32Array.from(value), value.length);
      return api.TF_SetAttrType(op, key, value);
    case AttributeType.SHAPE:
      return api.TF_SetAttrShape(op, key, int64s(value), value.length);
    case AttributeType.FUNCTION:
      return api.TF_SetAttrFuncName(op, key, ...bytes(encoder.encode(value)));
    default:
      throw new TypeError(`Attribute "${name}" has the type "${type}", which the engine does not know`);
  }
}

/** Deno hands a null pointer over for an empty buffer, which TensorFlow refuses: at least one byte then. */
function bytes(value: Uint8Array<ArrayBuffer>): [Uint8Array<ArrayBuffer>, bigint] {
  return [value.length ? value : new Uint8Array(1), BigInt(value.length)];
}

function int64s(values: readonly number[]): BigInt64Array<ArrayBuffer> {
  const array = new BigInt64Array(Math.max(1, values.length));
  values.forEach((value, i) => array[i] = BigInt(value));
  return array;
}
