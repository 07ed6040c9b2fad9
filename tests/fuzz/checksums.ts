/**
 * Makes the checksums of damaged archives right, as far as their structure can still be followed: what lies behind them
 * is read then.
 *
 * @module
 */
import { crc32, inflateRawSync } from "node:zlib";
import { sumOf } from "../../core/data/tar/header.ts";

const BLOCK = 512;

/** Of every header of a tar archive. */
export function repairTar(bytes: Uint8Array): Uint8Array {
  const tar = bytes.slice();
  for (let at = 0; at + BLOCK <= tar.length;) {
    const header = tar.subarray(at, at + BLOCK);
    if (header.every((byte) => byte === 0)) break;
    const sum = sumOf(header).toString(8).padStart(6, "0");
    header.set(new TextEncoder().encode(`${sum}\0 `), 148);
    const size = parseInt(new TextDecoder().decode(header.subarray(124, 135)), 8);
    at += BLOCK + (Number.isFinite(size) && size >= 0 ? BLOCK * Math.ceil(size / BLOCK) : 0);
  }
  return tar;
}

/** Of every member of a zip archive whose packed bytes can be unpacked. */
export function repairZip(bytes: Uint8Array): Uint8Array {
  const zip = bytes.slice(), view = new DataView(zip.buffer);
  for (let at = 0; at + 46 <= zip.length; at++) {
    if (view.getUint32(at, true) !== 0x02014b50) continue;
    const [method, packed, local] = [
      view.getUint16(at + 10, true),
      view.getUint32(at + 20, true),
      view.getUint32(at + 42, true),
    ];
    if (local + 30 > zip.length || view.getUint32(local, true) !== 0x04034b50) continue;
    const start = local + 30 + view.getUint16(local + 26, true) + view.getUint16(local + 28, true);
    const content = unpacked(zip.subarray(start, start + packed), method);
    if (!content) continue;
    view.setUint32(at + 16, crc32(content), true), view.setUint32(at + 24, content.length, true);
    view.setUint32(local + 14, crc32(content), true), view.setUint32(local + 22, content.length, true);
  }
  return zip;
}

function unpacked(bytes: Uint8Array, method: number): Uint8Array | null {
  if (method === 0) return bytes;
  try {
    return inflateRawSync(bytes, { maxOutputLength: 2 ** 24 });
  } catch {
    return null;
  }
}

/** Of every chunk of a PNG. */
export function repairPng(bytes: Uint8Array): Uint8Array {
  const png = bytes.slice(), view = new DataView(png.buffer);
  for (let at = 8; at + 12 <= png.length;) {
    const end = at + 8 + view.getUint32(at);
    if (end + 4 > png.length) break;
    view.setUint32(end, crc32(png.subarray(at + 4, end)));
    at = end + 4;
  }
  return png;
}
