import { tf } from "@seed/core";
import { elementTypeOf, type Inputs, type Lowering, type Lowerings } from "./lowering.ts";
import type { Direction, ModuleBuilder } from "./module_builder.ts";
import { typeText, type Value } from "./value.ts";

/** Both inputs, spread to one shape. */
function pair(b: ModuleBuilder, { a, b: other }: Inputs): [Value, Value] {
  const shape = tf.backend_util.assertAndGetBroadcastShape([...a.shape], [...other.shape]);
  return [b.broadcast(a, shape), b.broadcast(other, shape)];
}

const binary = (op: string): Lowering => (b, inputs) => b.binary(op, ...pair(b, inputs));
const unary = (op: string): Lowering => (b, { x }) => b.unary(op, x);
const compare = (direction: Direction): Lowering => (b, inputs) => b.compare(direction, ...pair(b, inputs));

/** The remainder that has the divisor's sign. */
const mod: Lowering = (b, inputs) => {
  const [x, y] = pair(b, inputs), rest = b.binary("remainder", x, y), zero = b.filled(0, y);
  const signsDiffer = b.compare("NE", b.compare("LT", rest, zero), b.compare("LT", y, zero));
  const wrong = b.binary("and", b.compare("NE", rest, zero), signsDiffer);
  return b.select(wrong, b.binary("add", rest, y), rest);
};

const step: Lowering = (b, { x }, { alpha }) => {
  const stepped = b.select(b.compare("GT", x, b.filled(0, x)), b.filled(1, x), b.filled(alpha ?? 0, x));
  return b.select(b.compare("NE", x, x), x, stepped); // NaN stays
};

const cast: Lowering = (b, { x }, { dtype }) => {
  const type = elementTypeOf(dtype);
  return type === "i1" ? b.compare("NE", x, b.filled(0, x)) : b.convert(x, type);
};

/** Operations that give each element of a result from those at the same place. */
export const ELEMENTWISE: Lowerings = {
  Abs: unary("abs"),
  Add: binary("add"),
  AddN: (b, inputs) => Object.values(inputs).reduce((sum, value) => b.binary("add", sum, value)),
  Cast: cast,
  Ceil: unary("ceil"),
  ClipByValue: (b, { x }, { clipValueMin, clipValueMax }) => {
    const low = b.binary("maximum", x, b.filled(clipValueMin, x));
    return b.binary("minimum", low, b.filled(clipValueMax, x));
  },
  Cos: unary("cosine"),
  Equal: compare("EQ"),
  Erf: (b, { x }) => b.line(`chlo.erf ${x.name} : ${typeText(x)} -> ${typeText(x)}`, x.shape, x.type),
  Exp: unary("exponential"),
  Expm1: unary("exponential_minus_one"),
  Floor: unary("floor"),
  Greater: compare("GT"),
  GreaterEqual: compare("GE"),
  IsNan: (b, { x }) => b.compare("NE", x, x),
  Less: compare("LT"),
  LessEqual: compare("LE"),
  Log: unary("log"),
  Log1p: unary("log_plus_one"),
  LogicalAnd: binary("and"),
  LogicalNot: unary("not"),
  LogicalOr: binary("or"),
  Maximum: binary("maximum"),
  Minimum: binary("minimum"),
  Mod: mod,
  Multiply: binary("multiply"),
  Neg: unary("negate"),
  NotEqual: compare("NE"),
  Pow: binary("power"),
  RealDiv: binary("divide"),
  Reciprocal: (b, { x }) => b.binary("divide", b.filled(1, x), x),
  Relu: (b, { x }) => b.binary("maximum", x, b.filled(0, x)),
  Relu6: (b, { x }) => b.binary("minimum", b.binary("maximum", x, b.filled(0, x)), b.filled(6, x)),
  Round: unary("round_nearest_even"),
  Rsqrt: unary("rsqrt"),
  Select: (b, { condition, t, e }) => b.select(condition, t, e), // of one shape: tfjs spreads them
  Sigmoid: unary("logistic"),
  Sign: unary("sign"),
  Sin: unary("sine"),
  Sqrt: unary("sqrt"),
  Square: (b, { x }) => b.binary("multiply", x, x),
  SquaredDifference: (b, inputs) => {
    const difference = b.binary("subtract", ...pair(b, inputs));
    return b.binary("multiply", difference, difference);
  },
  Step: step,
  Sub: binary("subtract"),
  Tanh: unary("tanh"),
};
