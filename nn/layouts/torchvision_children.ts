import { plainLayout } from "./layout.ts";

/** Numbers of a ResNet's children: between them are the ReLU and the pooling. */
const NUMBERS: Readonly<Record<string, number>> = {
  ...{ conv1: 0, bn1: 1, layer1: 4, layer2: 5, layer3: 6, layer4: 7 },
};

/**
 * torchvision's ResNet as a `Sequential` of its children without the classifier, which is how lightly's examples and
 * many others make a backbone of it.
 */
export const RESNET_CHILDREN = plainLayout("torchvision's children", ["0.weight", "4.0.conv1.weight"], "9.", {
  rename: (name) => name.replace(/^[^.]+/, (child) => String(NUMBERS[child] ?? child)),
});
