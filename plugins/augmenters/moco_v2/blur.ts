/**
 * Gaussian blur of `[height, width, 3]` uint8 pixels, in place: two passes, edges repeated.
 *
 * @param sigma Deviation in pixels; the kernel reaches three of them.
 */
export function gaussianBlur(pixels: Uint8Array, width: number, height: number, sigma: number): void {
  const radius = Math.ceil(3 * sigma);
  if (radius < 1) return;
  const kernel = halfKernel(radius, sigma), stride = 3 * width;
  const rows = new Float32Array(pixels.length);
  // A row with its ends repeated, so that the inner loop needs no bounds.
  const line = new Float32Array(stride + 6 * radius);
  for (let y = 0; y < height; y++) {
    fillLine(line, pixels.subarray(y * stride, (y + 1) * stride), radius);
    blurRow(line, kernel, rows.subarray(y * stride, (y + 1) * stride));
  }
  const sums = new Float32Array(stride);
  for (let y = 0; y < height; y++) {
    blurColumns(rows, { y, height, stride, kernel }, sums);
    for (let i = 0; i < stride; i++) pixels[y * stride + i] = sums[i] + 0.5;
  }
}

/** Weights of the centre and of the pixels to one side, which are those to the other too. */
function halfKernel(radius: number, sigma: number): Float32Array {
  const weights = Float32Array.from({ length: radius + 1 }, (_, i) => Math.exp(-(i ** 2) / (2 * sigma ** 2)));
  const sum = weights.reduce((a, b) => a + 2 * b, -1);
  return weights.map((weight) => weight / sum);
}

function fillLine(line: Float32Array, row: Uint8Array, radius: number): void {
  line.set(row, 3 * radius);
  const last = 3 * radius + row.length - 3;
  for (let i = 1; i <= radius; i++) {
    line.copyWithin(3 * (radius - i), 3 * radius, 3 * radius + 3);
    line.copyWithin(last + 3 * i, last, last + 3);
  }
}

function blurRow(line: Float32Array, kernel: Float32Array, target: Float32Array): void {
  const center = 3 * (kernel.length - 1), weight = kernel[0];
  for (let i = 0; i < target.length; i++) {
    let sum = weight * line[center + i];
    for (
      let k = 1, left = center + i - 3, right = center + i + 3;
      k < kernel.length;
      k++, left -= 3, right += 3
    ) {
      sum += kernel[k] * (line[left] + line[right]);
    }
    target[i] = sum;
  }
}

function blurColumns(
  rows: Float32Array,
  { y, height, stride, kernel }: { y: number; height: number; stride: number; kernel: Float32Array },
  sums: Float32Array,
): void {
  const here = y * stride, weight = kernel[0];
  for (let i = 0; i < stride; i++) sums[i] = weight * rows[here + i];
  for (let k = 1; k < kernel.length; k++) {
    const above = Math.max(0, y - k) * stride,
      below = Math.min(height - 1, y + k) * stride,
      share = kernel[k];
    for (let i = 0; i < stride; i++) sums[i] += share * (rows[above + i] + rows[below + i]);
  }
}
