/**
 * Repeats values along the axes in which a shape is 1 and another is not, as arithmetic of tensors does.
 *
 * @param shape Of the values; axes that it lacks are in front.
 * @param target Each axis is the shape's own, or any size where that is 1.
 * @returns the values in the target's shape: the same ones where nothing is repeated.
 */
export function broadcast(
  values: Float32Array,
  shape: readonly number[],
  target: readonly number[],
): Float32Array {
  let block = 1; // of the axes behind, which are whole
  for (let axis = target.length - 1; axis >= 0; axis--) {
    const size = shape[axis - target.length + shape.length] ?? 1, times = target[axis];
    if (size !== times) values = repeat(values, block, times);
    block *= times;
  }
  return values;
}

/** Each block so many times, one after the other. */
function repeat(values: Float32Array, block: number, times: number): Float32Array {
  const repeated = new Float32Array(values.length * times);
  for (let from = 0, to = 0; from < values.length; from += block) {
    if (block === 1) repeated.fill(values[from], to, to += times);
    else {
      const one = values.subarray(from, from + block);
      for (let i = 0; i < times; i++, to += block) repeated.set(one, to);
    }
  }
  return repeated;
}
