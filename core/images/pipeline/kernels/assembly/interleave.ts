/** Stores 16 pixels as RGB. */
// @ts-ignore: decorator
@inline
export function storeRgb(r: v128, g: v128, b: v128, at: usize): void {
  const rg0 = i8x16.shuffle(r, g, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
  const rg1 = i8x16.shuffle(r, g, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
  v128.store(at, i8x16.shuffle(rg0, b, 0, 1, 16, 2, 3, 17, 4, 5, 18, 6, 7, 19, 8, 9, 20, 10));
  const middle = i8x16.shuffle(rg0, rg1, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26);
  v128.store(at + 16, i8x16.shuffle(middle, b, 0, 21, 1, 2, 22, 3, 4, 23, 5, 6, 24, 7, 8, 25, 9, 10));
  v128.store(at + 32, i8x16.shuffle(rg1, b, 26, 6, 7, 27, 8, 9, 28, 10, 11, 29, 12, 13, 30, 14, 15, 31));
}

/** Three planes to rows of RGB. */
export function interleave(
  from: usize, stride: usize, plane: usize, width: i32, height: i32, to: usize,
): void {
  for (let y = 0; y < height; y++) {
    const row = from + <usize>y * stride, target = to + <usize>(3 * y * width);
    for (let x = 0; x < width; x += 16) {
      const at = row + x;
      storeRgb(v128.load(at), v128.load(at + plane), v128.load(at + 2 * plane), target + 3 * x);
    }
  }
}
