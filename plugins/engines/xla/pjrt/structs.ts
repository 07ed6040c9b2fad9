/**
 * The structs of XLA's C API (`xla/pjrt/c/pjrt_c_api.h`) that are used here, as lists of fields. Offsets follow from
 * C's rules of alignment. Each begins with its size and a list of extensions, which are not in these lists.
 *
 * Versions 0.81 to 0.115 agree in all of this: the API grows at the end of structs and of the table of functions.
 *
 * @module
 */
import { addressOf, textAt } from "./memory.ts";

type FieldType = "pointer" | "usize" | "i64" | "i32" | "bool";
const BYTES: Readonly<Record<FieldType, number>> = { pointer: 8, usize: 8, i64: 8, i32: 4, bool: 1 };
const P = "pointer", N = "usize", L = "i64", I = "i32", B = "bool";

const FIELDS = {
  Error_Destroy: { error: P },
  Error_Message: { error: P, message: P, message_size: N },
  Error_GetCode: { error: P, code: I },
  Plugin_Initialize: {},
  Event_Destroy: { event: P },
  Event_IsReady: { event: P, is_ready: B },
  Event_Await: { event: P },
  Client_Create: {
    ...{ create_options: P, num_options: N, kv_get_callback: P, kv_get_user_arg: P, kv_put_callback: P },
    ...{ kv_put_user_arg: P, client: P, kv_try_get_callback: P, kv_try_get_user_arg: P },
  },
  Client_Destroy: { client: P },
  Client_PlatformName: { client: P, platform_name: P, platform_name_size: N },
  Client_PlatformVersion: { client: P, platform_version: P, platform_version_size: N },
  Client_AddressableDevices: { client: P, addressable_devices: P, num_addressable_devices: N },
  Client_Compile: { client: P, program: P, compile_options: P, compile_options_size: N, executable: P },
  Client_BufferFromHostBuffer: {
    ...{ client: P, data: P, type: I, dims: P, num_dims: N, byte_strides: P, num_byte_strides: N },
    ...{ host_buffer_semantics: I, device: P, memory: P, device_layout: P, done_with_host_buffer: P },
    ...{ buffer: P },
  },
  Device_GetDescription: { device: P, device_description: P },
  Device_MemoryStats: {
    ...{
      device: P,
      bytes_in_use: L,
      peak_bytes_in_use: L,
      peak_is_set: B,
      num_allocs: L,
      num_allocs_is_set: B,
    },
    ...{ largest_alloc_size: L, largest_alloc_size_is_set: B, bytes_limit: L, bytes_limit_is_set: B },
  },
  DeviceDescription_Id: { device_description: P, id: I },
  DeviceDescription_Kind: { device_description: P, device_kind: P, device_kind_size: N },
  LoadedExecutable_Destroy: { executable: P },
  LoadedExecutable_GetExecutable: { loaded_executable: P, executable: P },
  LoadedExecutable_Execute: {
    ...{ executable: P, options: P, argument_lists: P, num_devices: N, num_args: N, output_lists: P },
    ...{ device_complete_events: P, execute_device: P },
  },
  Executable_Destroy: { executable: P },
  Executable_NumOutputs: { executable: P, num_outputs: N },
  Executable_GetCompiledMemoryStats: {
    ...{ executable: P, generated_code: L, argument: L, output: L, alias: L, temp: L },
  },
  Executable_Serialize: {
    ...{ executable: P, serialized_bytes: P, serialized_bytes_size: N, serialized_executable: P },
    ...{ serialized_executable_deleter: P },
  },
  Executable_DeserializeAndLoad: {
    ...{ client: P, serialized_executable: P, serialized_executable_size: N, loaded_executable: P },
  },
  Buffer_Destroy: { buffer: P },
  Buffer_IsDeleted: { buffer: P, is_deleted: B },
  Buffer_ToHostBuffer: { src: P, host_layout: P, dst: P, dst_size: N, event: P },
  // No arguments of a function, but what these point to:
  NamedValue: { name: P, name_size: N, type: I, value: L, value_size: N },
  Program: { code: P, code_size: N, format: P, format_size: N },
  ExecuteOptions: {
    ...{ send_callbacks: P, recv_callbacks: P, num_send_ops: N, num_recv_ops: N, launch_id: I },
    ...{ non_donatable_input_indices: P, num_non_donatable_input_indices: N },
  },
} as const satisfies Record<string, Record<string, FieldType>>;

export type StructName = keyof typeof FIELDS;
export type Field<S extends StructName> = keyof typeof FIELDS[S] & string;
/** Fields that are given; the others are zero, which is "not given" throughout the API. */
export type Values<S extends StructName> = { readonly [F in Field<S>]?: bigint | number };

/** Byte offsets of functions in the table that a plugin gives, which begins with its own size and version. */
export const FUNCTIONS = {
  Error_Destroy: 40,
  Error_Message: 48,
  Error_GetCode: 56,
  Plugin_Initialize: 64,
  Event_Destroy: 80,
  Event_IsReady: 88,
  Event_Await: 104,
  Client_Create: 120,
  Client_Destroy: 128,
  Client_PlatformName: 136,
  Client_PlatformVersion: 152,
  Client_AddressableDevices: 168,
  Client_Compile: 200,
  Client_BufferFromHostBuffer: 216,
  DeviceDescription_Id: 224,
  DeviceDescription_Kind: 248,
  Device_GetDescription: 272,
  Device_MemoryStats: 312,
  Executable_Destroy: 360,
  Executable_NumOutputs: 392,
  Executable_Serialize: 432,
  LoadedExecutable_Destroy: 440,
  LoadedExecutable_GetExecutable: 448,
  LoadedExecutable_Execute: 480,
  Executable_DeserializeAndLoad: 488,
  Buffer_Destroy: 504,
  Buffer_IsDeleted: 584,
  Buffer_ToHostBuffer: 600,
  Executable_GetCompiledMemoryStats: 808,
} as const satisfies Partial<Record<StructName, number>>;
export type FunctionName = keyof typeof FUNCTIONS;

/**
 * Bytes of every struct here, and what it says of its size: room for what newer plugins have added at the end. Plugins
 * refuse structs that are smaller than their least size, and take larger ones.
 */
const SIZE = 256;

interface Place {
  offset: number;
  type: FieldType;
}

const places = new Map<StructName, Map<string, Place>>();

function placesOf(name: StructName): Map<string, Place> {
  let known = places.get(name);
  if (known) return known;
  places.set(name, known = new Map());
  let end = 16; // after the size and the extensions
  for (const [field, type] of Object.entries(FIELDS[name]) as [string, FieldType][]) {
    const offset = Math.ceil(end / BYTES[type]) * BYTES[type];
    known.set(field, { offset, type });
    end = offset + BYTES[type];
  }
  return known;
}

/** A struct in memory that does not move. */
export class Struct<S extends StructName> {
  readonly bytes = new Uint8Array(new ArrayBuffer(SIZE));
  readonly #view = new DataView(this.bytes.buffer);
  readonly #places: Map<string, Place>;

  constructor(name: S, values: Values<S> = {}) {
    this.#places = placesOf(name);
    this.#view.setBigUint64(0, BigInt(SIZE), true);
    for (const [field, value] of Object.entries(values)) this.#set(field, value as bigint | number);
  }

  get address(): bigint {
    return addressOf(this.bytes);
  }

  get(field: Field<S>): bigint {
    const { offset, type } = this.#places.get(field)!;
    if (type === "i32") return BigInt(this.#view.getInt32(offset, true));
    if (type === "bool") return BigInt(this.#view.getUint8(offset));
    return this.#view.getBigUint64(offset, true);
  }

  number(field: Field<S>): number {
    return Number(this.get(field));
  }

  /** The text that two fields give. */
  text(pointer: Field<S>, size: Field<S>): string {
    return textAt(this.get(pointer), this.number(size));
  }

  #set(field: string, value: bigint | number): void {
    const { offset, type } = this.#places.get(field)!;
    if (type === "i32") this.#view.setInt32(offset, Number(value), true);
    else if (type === "bool") this.#view.setUint8(offset, Number(value));
    else this.#view.setBigUint64(offset, BigInt.asUintN(64, BigInt(value)), true);
  }
}
