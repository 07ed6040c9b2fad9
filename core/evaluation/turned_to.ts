type Points = readonly (readonly [number, number])[];

/**
 * Points of a plane turned about their middle, and mirrored if that fits better, so that they lie as close to others as
 * they can (orthogonal Procrustes): the sign and the order of principal components say nothing.
 *
 * @param to As many points.
 */
export function turnedTo(points: Points, to: Points): [number, number][] {
  const [from, others] = [centred(points), centred(to)];
  const plain = turn(from, others), mirrored = turn(from.map(([x, y]): [number, number] => [x, -y]), others);
  return plain.fit >= mirrored.fit ? plain.points : mirrored.points;
}

/** The best turn, and how well it fits: the sum of dot products. */
function turn(from: [number, number][], to: [number, number][]): { fit: number; points: [number, number][] } {
  let along = 0, across = 0;
  from.forEach(([x, y], i) => {
    along += x * to[i][0] + y * to[i][1];
    across += x * to[i][1] - y * to[i][0];
  });
  const fit = Math.hypot(along, across), [cos, sin] = fit > 0 ? [along / fit, across / fit] : [1, 0];
  return { fit, points: from.map(([x, y]) => [cos * x - sin * y, sin * x + cos * y]) };
}

function centred(points: Points): [number, number][] {
  const middle = [0, 1].map((axis) => points.reduce((sum, one) => sum + one[axis], 0) / points.length);
  return points.map(([x, y]) => [x - middle[0], y - middle[1]]);
}
