import type { TrainOptions } from "../../recipe/schema.ts";
import type { Parameter } from "../../interfaces/student.ts";
import { AdamW } from "./adamw.ts";
import { isHeadName } from "../freeze.ts";
import { Lars } from "./lars.ts";
import type { Optimizer } from "./optimizer.ts";
import { ParameterGroups } from "./parameter_groups.ts";
import { Sgd } from "./sgd.ts";

/** Makes the optimizer that a recipe's `train:` asks for; the projection head has a rate of its own if that says so. */
export function createOptimizer(parameters: readonly Parameter[], train: TrainOptions): Optimizer {
  const { lr, head_lr: headLr } = train, make = (own: readonly Parameter[]) => createFor(own, train);
  if (headLr === null) return make(parameters);
  const isHead = ({ name }: Parameter) => isHeadName(name);
  return new ParameterGroups(
    parameters,
    [{ includes: isHead, factor: headLr / lr }, { includes: (parameter) => !isHead(parameter), factor: 1 }],
    make,
  );
}

function createFor(parameters: readonly Parameter[], train: TrainOptions): Optimizer {
  const { weight_decay: weightDecay } = train;
  switch (train.optimizer) {
    case "sgd": {
      const { momentum, nesterov, weight_decay_on: weightDecayOn } = train;
      return new Sgd(parameters, { momentum, weightDecay, weightDecayOn, nesterov });
    }
    case "lars": {
      const { momentum, trust_coefficient: trustCoefficient } = train;
      return new Lars(parameters, { momentum, weightDecay, trustCoefficient });
    }
    case "adamw": {
      const { betas, epsilon, weight_decay_on: weightDecayOn } = train;
      return new AdamW(parameters, { betas, epsilon, weightDecay, weightDecayOn });
    }
  }
}
