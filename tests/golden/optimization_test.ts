import assert from "node:assert/strict";
import { type Parameter, Sgd, tf, toTorch } from "@seed/core";
import { AdamW, Lars, learningRate, type Optimizer } from "@seed/core/host";
import { testEngine } from "../support/engine.ts";
import { uniform } from "./formula.ts";
import golden from "./optimization.json" with { type: "json" };

/** A linear map of three inputs to two outputs, with a variable that is not trained. */
function linearModel(): Parameter[] {
  const values = tf.transpose(tf.tensor2d(uniform("weight", [2, 3]), [2, 3]));
  const [bias, fixed] = [uniform("bias", [2]), uniform("fixed", [2])];
  return [
    { name: "weight", kind: "linear", variable: tf.variable(values), trainable: true },
    { name: "fixed", kind: "vector", variable: tf.variable(tf.tensor1d(fixed), false), trainable: false },
    { name: "bias", kind: "vector", variable: tf.variable(tf.tensor1d(bias)), trainable: true },
  ];
}

async function values({ kind, variable }: Parameter): Promise<Float32Array> {
  return toTorch(await variable.data() as Float32Array, variable.shape, kind);
}

function assertClose(name: string, actual: Float32Array, expected: number[]): void {
  assert.equal(actual.length, expected.length);
  const message = `${name}: ${actual}, expected ${expected}`;
  actual.forEach((value, i) => assert.ok(Math.abs(value - expected[i]) < 2e-6, message));
}

for (const [name, { epochs, drops, factor, rates }] of Object.entries(golden.drops)) {
  Deno.test(`a schedule of steps is PyTorch's MultiStepLR: ${name}`, () => {
    const train = { epochs, drops, dropFactor: factor, schedule: "steps", lr: 0.3 } as const;
    assert.equal(rates.length, epochs);
    rates.forEach((expected, epoch) => {
      for (const scheduleBy of ["epoch", "step"] as const) {
        const given = { ...train, scheduleBy, warmupEpochs: 0, batchSize: 256, stepsPerEpoch: 3 };
        const rate = learningRate(3 * epoch, given);
        assert.ok(Math.abs(rate - expected) < 1e-7, `epoch ${epoch}: ${rate}, expected ${expected}`);
      }
    });
  });
}

type Make = (parameters: Parameter[]) => Optimizer;

const OPTIMIZERS: Record<keyof typeof golden.optimizers, Make> = {
  "sgd": (parameters) => new Sgd(parameters, { momentum: 0.9, weightDecay: 0.05 }),
  "sgd, nesterov": (parameters) =>
    new Sgd(parameters, { momentum: 0.9, weightDecay: 0.05, weightDecayOn: "weights", nesterov: true }),
  "lars": (parameters) => new Lars(parameters, { momentum: 0.9, weightDecay: 0.05, trustCoefficient: 0.1 }),
  "adamw": (parameters) => new AdamW(parameters, { betas: [0.8, 0.95], epsilon: 1e-6, weightDecay: 0.3 }),
  "adamw, weights": (parameters) =>
    new AdamW(parameters, { betas: [0.8, 0.95], epsilon: 1e-6, weightDecay: 0.3, weightDecayOn: "weights" }),
};

for (const [name, make] of Object.entries(OPTIMIZERS)) {
  for (const traced of [false, true]) {
    Deno.test(`${name} takes PyTorch's steps, ${traced ? "traced" : "eager"}`, async () => {
      const engine = await testEngine();
      const parameters = linearModel(), [weight, fixed, bias] = parameters;
      using optimizer = make(parameters);
      const before = await values(fixed);
      const step = (...inputs: tf.Tensor[]) => {
        const [x, y, ...numbers] = inputs;
        const { value, grads } = tf.variableGrads(() => {
          const output = tf.add(tf.matMul(x as tf.Tensor2D, weight.variable as tf.Tensor2D), bias.variable);
          return tf.mean(tf.square(tf.sub(output, y))) as tf.Scalar;
        }, optimizer.trained.map(({ variable }) => variable));
        optimizer.update(optimizer.trained.map(({ variable }) => grads[variable.name]), numbers);
        return [value];
      };
      using tracedStep = engine.trace(step, { name });
      const x = tf.tensor2d(uniform("x", [6, 3]), [6, 3]), y = tf.tensor2d(uniform("y", [6, 2]), [6, 2]);
      const rates = [0.1, 0.1, 0.05, 0.02, 0.01];
      for (
        const [i, expected] of Object.values(golden.optimizers[name as keyof typeof OPTIMIZERS]).entries()
      ) {
        const numbers = optimizer.numbers(rates[i], i).map((number) => tf.scalar(number));
        const inputs = [x, y, ...numbers];
        const [loss] = traced ? await tracedStep.call(...inputs) : tf.tidy(() => step(...inputs));
        assertClose("loss", await loss.data() as Float32Array, expected.loss);
        assertClose("weight", await values(weight), expected.weight);
        assertClose("bias", await values(bias), expected.bias);
        const state = await Promise.all(optimizer.state.map(values));
        assertClose("state", Float32Array.from(state.flatMap((part) => [...part])), expected.state);
        tf.dispose([numbers, loss]);
      }
      assert.deepEqual(await values(fixed), before);
      tf.dispose([x, y, ...parameters.map(({ variable }) => variable)]);
    });
  }
}

Deno.test("the learning rate by epoch is that of SEED's code", () => {
  for (const [name, rates] of Object.entries(golden.rates)) {
    const batchSize = Number(name.match(/\d+/)![0]), stepsPerEpoch = 10;
    const options = {
      ...{ lr: 0.03 * batchSize / 256, schedule: "cosine", scheduleBy: "epoch", epochs: 200 } as const,
      ...{ warmupEpochs: 5, batchSize, stepsPerEpoch },
    };
    const epochs = [0, 1, 2, 3, 4, 5, 6, 7, 20, 40, 60, 80, 100, 120, 140, 160, 180, 199];
    assert.equal(epochs.length, rates.length);
    epochs.forEach((epoch, i) => {
      for (const step of [0, stepsPerEpoch - 1]) { // the same at an epoch's first and last step
        const lr = learningRate(epoch * stepsPerEpoch + step, options);
        assert.ok(
          Math.abs(lr - rates[i]) <= 1e-7 * rates[i],
          `${name}, epoch ${epoch}: ${lr}, expected ${rates[i]}`,
        );
      }
    });
  }
});
