/**
 * Reads weights from bytes, and makes bytes that no honest program writes.
 *
 * @module
 */
import assert from "node:assert/strict";
import { crc32 } from "node:zlib";
import { RunError } from "@seed/core";
import { openWeights } from "@seed/nn";

const folder = await Deno.makeTempDir();
const path = `${folder}/weights.file`;
addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));

/** Tensors as they were read: the bits of their values, so that NaN equals itself. */
export type Bits = Record<string, { shape: readonly number[]; bits: Uint32Array }>;

/** Every tensor of a file that has these bytes. */
export async function readBits(bytes: Uint8Array): Promise<Bits> {
  await Deno.writeFile(path, bytes);
  using file = await openWeights(path);
  const tensors: Bits = {};
  for (const [name, { shape }] of file.tensors) {
    const values = file.read(name);
    assert.equal(values.length, shape.reduce((a, b) => a * b, 1), `"${name}" [${shape}]`);
    tensors[name] = { shape, bits: new Uint32Array(values.buffer, values.byteOffset, values.length) };
  }
  return tensors;
}

/** The one clear error that reading must end with, soon; or what was read. */
export async function outcome(bytes: Uint8Array): Promise<{ error: string } | { read: Bits }> {
  const start = performance.now();
  try {
    return { read: await readBits(bytes) };
  } catch (error) {
    assert.ok(error instanceof RunError, `not a RunError: ${error instanceof Error ? error.stack : error}`);
    assert.match(error.message, /^(The|In) [^\n]*"[^\n]*weights\.file"[^\n]*$/);
    assert.ok(error.message.length < 1500, `a message of ${error.message.length} characters`);
    return { error: error.message };
  } finally {
    assert.ok(performance.now() - start < 20_000, `it took ${performance.now() - start} ms`);
  }
}

/** The message of the error that reading must end with, without more memory than the file's size and 64 MB. */
export async function refusal(bytes: Uint8Array): Promise<string> {
  resetPeak();
  const before = residentBytes();
  const result = await outcome(bytes);
  assert.ok("error" in result, "it was read");
  const taken = residentBytes("VmHWM") - before, allowed = bytes.length + 64 * 2 ** 20;
  assert.ok(taken < allowed, `it took ${taken} bytes of memory for a file of ${bytes.length}`);
  return result.error;
}

function resetPeak(): void {
  if (Deno.build.os === "linux") Deno.writeTextFileSync("/proc/self/clear_refs", "5");
}

/** Only Linux tells a process's peak; elsewhere memory is not tested. */
function residentBytes(key = "VmRSS"): number {
  if (Deno.build.os !== "linux") return 0;
  const status = Deno.readTextFileSync("/proc/self/status");
  return 1024 * Number(new RegExp(`${key}:\\s*(\\d+)`).exec(status)![1]);
}

/** A member of an archive; what is given beside name and data is said in place of the truth. */
export interface Member {
  name: string;
  data: Uint8Array;
  method?: number;
  flags?: number;
  size?: number;
  packed?: number;
  crc?: number;
  /** Of its header. */
  offset?: number;
  /** In its own header. */
  localName?: string;
  /** True: the directory says sizes and place in zip64's extra field, after a field that no reader knows. */
  long?: boolean;
}

/** A zip archive. */
export function zipOf(members: readonly Member[], { count = members.length, comment = "" } = {}): Uint8Array {
  const parts: Uint8Array[] = [], directory: Uint8Array[] = [];
  for (const member of members) {
    const { name, data, method = 0, flags = 0, localName = name, long = false } = member;
    const { size = data.length, packed = data.length, crc = crc32(data), offset = sizeOf(parts) } = member;
    const common = (sizes: readonly number[], nameLength: number, extraLength: number) =>
      [...u16(20, flags, method, 0, 0), ...u32(crc, ...sizes), ...u16(nameLength, extraLength)] as const;
    const [inside, listed] = [localName, name].map((text) => new TextEncoder().encode(text));
    parts.push(Uint8Array.of(...u32(0x04034b50), ...common([packed, size], inside.length, 0)), inside, data);
    const extra = long ? [...u16(0x4246, 2, 0), ...u16(1, 24), ...u32(size, 0, packed, 0, offset, 0)] : [];
    const [a, b, c] = long ? [NONE, NONE, NONE] : [packed, size, offset];
    const entry = [...u32(0x02014b50), ...u16(20), ...common([a, b], listed.length, extra.length)];
    directory.push(Uint8Array.of(...entry, ...u16(0, 0, 0), ...u32(0, c)), listed, Uint8Array.from(extra));
  }
  const end = [...u32(0x06054b50), ...u16(0, 0, count, count), ...u32(sizeOf(directory), sizeOf(parts))];
  const text = new TextEncoder().encode(comment);
  return concat(...parts, ...directory, Uint8Array.of(...end, ...u16(text.length)), text);
}

/** All of them after each other. */
export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(sizeOf(parts));
  let at = 0;
  for (const part of parts) all.set(part, at), at += part.length;
  return all;
}

function sizeOf(parts: readonly Uint8Array[]): number {
  return parts.reduce((sum, { length }) => sum + length, 0);
}

/** In place of a number that has no room. */
const NONE = 0xffffffff;

const u16 = (...values: number[]) => values.flatMap((v) => [v & 255, v >> 8 & 255]);
const u32 = (...values: number[]) => values.flatMap((v) => [v & 255, v >> 8 & 255, v >> 16 & 255, v >>> 24]);
