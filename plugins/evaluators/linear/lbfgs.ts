/** A function to minimise: its value and gradient at a point. */
export type Differentiable = (
  point: Float64Array,
) => Promise<{ value: number; gradient: Float64Array }>;

/** When to stop. */
export interface LbfgsOptions {
  /** Largest component of the gradient that counts as zero. */
  tolerance: number;
  maxIterations: number;
}

/** Steps that are remembered. */
const MEMORY = 10;
/** Armijo's condition: the part of the slope's promise that a step must keep. */
const SUFFICIENT = 1e-4;
/** Below a step this short, the value's rounding hides any decrease. */
const MAX_HALVINGS = 20;

/**
 * Limited-memory BFGS (Nocedal and Wright, Numerical Optimization, algorithms 7.4 and 7.5) with a backtracking line
 * search: for smooth convex functions, where it needs no more.
 *
 * @returns the minimum, or the best point when iterations or the value's precision are at their end.
 */
export async function minimize(
  f: Differentiable,
  start: Float64Array,
  { tolerance, maxIterations }: LbfgsOptions,
): Promise<Float64Array> {
  const history: Correction[] = [];
  let point = start, { value, gradient } = await f(point);
  for (let iteration = 0; iteration < maxIterations && largest(gradient) > tolerance; iteration++) {
    const direction = descent(gradient, history);
    const slope = dot(direction, gradient);
    let step = iteration ? 1 : Math.min(1, 1 / Math.sqrt(dot(gradient, gradient)));
    let next = moved(point, step, direction), reached = await f(next);
    for (let halvings = 0; !(reached.value <= value + SUFFICIENT * step * slope); halvings++) {
      if (halvings === MAX_HALVINGS) return point;
      next = moved(point, step /= 2, direction);
      reached = await f(next);
    }
    remember(history, moved(next, -1, point), moved(reached.gradient, -1, gradient));
    [point, value, gradient] = [next, reached.value, reached.gradient];
  }
  return point;
}

/** A step and the gradient's change over it. */
interface Correction {
  step: Float64Array;
  change: Float64Array;
  /** One over their dot product. */
  rho: number;
}

function remember(history: Correction[], step: Float64Array, change: Float64Array): void {
  const curvature = dot(step, change);
  if (!(curvature > 0)) return; // rounding; convexity promises more
  history.push({ step, change, rho: 1 / curvature });
  if (history.length > MEMORY) history.shift();
}

/** Minus the inverse Hessian's estimate times the gradient: the two loops. */
function descent(gradient: Float64Array, history: readonly Correction[]): Float64Array {
  let q: Float64Array = gradient.map((value) => -value);
  const alphas = history.map(() => 0);
  for (let i = history.length - 1; i >= 0; i--) {
    const { step, change, rho } = history[i];
    alphas[i] = rho * dot(step, q);
    q = moved(q, -alphas[i], change);
  }
  const newest = history.at(-1);
  if (newest) q = moved(q, 1 / (newest.rho * dot(newest.change, newest.change)) - 1, q);
  history.forEach(({ step, change, rho }, i) => {
    q = moved(q, alphas[i] - rho * dot(change, q), step);
  });
  return q;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

/** `from + length * direction`. */
function moved(from: Float64Array, length: number, direction: Float64Array): Float64Array {
  const result = new Float64Array(from.length);
  for (let i = 0; i < from.length; i++) result[i] = from[i] + length * direction[i];
  return result;
}

function largest(values: Float64Array): number {
  let result = 0;
  for (const value of values) result = Math.max(result, Math.abs(value));
  return result;
}
