/**
 * Gaussian blur of `[height, width, 3]` uint8 pixels, in place: two passes, edges repeated.
 *
 * @param sigma Deviation in pixels; the kernel reaches three of them.
 */
export function gaussianBlur(pixels: Uint8Array, width: number, height: number, sigma: number): void {
  const radius = Math.ceil(3 * sigma);
  if (radius < 1) return;
  const kernel = gaussianKernel(radius, sigma);
  const rows = new Float32Array(pixels.length);
  blurLines(pixels, rows, { lines: height, length: width, lineStep: 3 * width, step: 3, kernel, radius });
  blurLines(rows, pixels, { lines: width, length: height, lineStep: 3, step: 3 * width, kernel, radius });
}

function gaussianKernel(radius: number, sigma: number): Float32Array {
  const kernel = Float32Array.from(
    { length: 2 * radius + 1 },
    (_, i) => Math.exp(-((i - radius) ** 2) / (2 * sigma ** 2)),
  );
  const sum = kernel.reduce((a, b) => a + b, 0);
  return kernel.map((weight) => weight / sum);
}

interface Lines {
  lines: number;
  length: number;
  lineStep: number;
  step: number;
  kernel: Float32Array;
  radius: number;
}

/** Blurs along one axis; a byte target is rounded. */
function blurLines(source: ArrayLike<number>, target: Uint8Array | Float32Array, o: Lines): void {
  const { lines, length, lineStep, step, kernel, radius } = o;
  const half = target instanceof Uint8Array ? 0.5 : 0;
  // One line with its ends repeated, so that the inner loop needs no bounds.
  const line = new Float32Array(length + 2 * radius);
  for (let l = 0; l < lines; l++) {
    for (let c = 0; c < 3; c++) {
      const start = l * lineStep + c;
      for (let i = 0; i < length; i++) line[radius + i] = source[start + i * step];
      line.fill(line[radius], 0, radius);
      line.fill(line[radius + length - 1], radius + length);
      for (let i = 0; i < length; i++) {
        let sum = 0;
        for (let k = 0; k < kernel.length; k++) sum += kernel[k] * line[i + k];
        target[start + i * step] = sum + half;
      }
    }
  }
}
