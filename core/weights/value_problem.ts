/**
 * What is wrong with the values of a tensor of weights, if anything is. A checkpoint of a run that diverged is an
 * ordinary thing, and a network with it computes on: the engine's ReLU makes zeros of NaN, where PyTorch keeps them.
 *
 * @param name As the file or the network calls it: what ends in `running_var` is a variance.
 */
export function valueProblem(name: string, values: ArrayLike<number>): string | null {
  const isVariance = name.endsWith("running_var");
  // The usual case, quickly: there are hundreds of millions. No sum loses the NaN that NaN and infinity give times 0.
  let zero = 0;
  for (let i = 0; i < values.length; i++) zero += 0 * values[i];
  if (zero === 0 && !isVariance) return null;
  let broken = 0, negative = 0;
  for (let i = 0; i < values.length; i++) {
    if (!Number.isFinite(values[i])) broken++;
    else if (values[i] < 0) negative++;
  }
  const of = (count: number) => `${count} of ${values.length} values ${count === 1 ? "is" : "are"}`;
  if (broken) return `"${name}" is not finite: ${of(broken)} NaN or infinite`;
  if (negative && isVariance) {
    return `"${name}" holds variances, but ${of(negative)} below zero`;
  }
  return null;
}
