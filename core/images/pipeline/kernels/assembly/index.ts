/**
 * The kernels of kernels.wasm, in AssemblyScript: `deno task build-kernels` compiles them. Callers lay out
 * the memory; nothing is allocated here. Loops go by blocks of 16 bytes, so every area needs 16 bytes more
 * than it holds, and a row's last block may write into the next row, which is written after it.
 */
export { blend, grayscale, hue, lumaSum, saturate } from "./color";
export { boxBlur } from "./blur";
export { resizeColumns, resizeRows } from "./resize";
export { interleave } from "./interleave";
export { extendRows, jpegColors, jpegGray, jpegQuarterColors, jpegWideColors } from "./jpeg_colors";
export { readJpegScan } from "./jpeg_scan";
