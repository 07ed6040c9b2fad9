/**
 * XLA's `CompileOptionsProto`, written by hand. The fields' numbers are those of `xla/pjrt/proto/compile_options.proto`
 * and `xla/xla_data.proto`.
 *
 * @module
 */

type Bytes = readonly number[];

function varint(value: number): Bytes {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  return [...bytes, Number(rest)];
}

function integer(field: number, value: number): Bytes {
  return [...varint(field << 3), ...varint(value)];
}

function message(field: number, ...content: Bytes[]): Bytes {
  const bytes = content.flat();
  return [...varint(field << 3 | 2), ...varint(bytes.length), ...bytes];
}

/**
 * Options for a program on these devices. On several, XLA splits the program itself by Shardy, as its arguments and
 * results say (`sdy.sharding`).
 *
 * @param devices Their numbers; part `i` of what is split lies on the `i`th.
 */
export function compileOptions(devices: readonly number[]): Uint8Array<ArrayBuffer> {
  const count = devices.length;
  const assignment = [
    integer(1, 1), // replica_count
    integer(2, count), // computation_count
    ...devices.map((device) => message(3, message(1, varint(device)))), // computation_devices { replica_device_ids }
  ];
  const build = [
    integer(1, -1), // device_ordinal: the assignment says it
    integer(4, 1), // num_replicas
    integer(5, count), // num_partitions
    ...(count > 1 ? [integer(6, 1), integer(19, 1)] : []), // use_spmd_partitioning, use_shardy_partitioner
    message(9, ...assignment), // device_assignment
  ];
  return Uint8Array.from(message(3, ...build)); // executable_build_options
}
