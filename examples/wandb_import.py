"""Brings a run's folder into Weights & Biases, by its own package.

    pip install wandb
    WANDB_MODE=offline python examples/wandb_import.py runs/demo --project seed
    wandb sync wandb/offline-run-*

Without WANDB_MODE=offline it is sent at once. The run is only read.
"""

import argparse
import json
from pathlib import Path

import wandb


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("run", type=Path)
    parser.add_argument("--project", default="seed")
    given = parser.parse_args()
    facts = json.loads((given.run / "run.json").read_text())
    config = {"recipe": (given.run / "recipe.yaml").read_text(), **facts}
    with wandb.init(project=given.project, name=given.run.name, config=config) as run:
        for step, figures in by_step(given.run / "metrics.jsonl"):
            run.log(figures, step=step)
        summary = given.run / "summary.json"
        if summary.exists():
            run.summary["final_loss"] = json.loads(summary.read_text())["final_loss"]


def by_step(path):
    """A step's own figures and those of its evaluations together: W&B takes a step once."""
    step, figures = None, {}
    for line in path.read_text().splitlines():
        record = json.loads(line)
        if record["step"] != step:
            if step is not None:
                yield step, figures
            step, figures = record["step"], {}
        figures.update(names_of(record))
    if step is not None:
        yield step, figures


def names_of(record):
    """The names that the loggers tensorboard and mlflow give."""
    if "evaluation" not in record:
        groups = {"losses": record.pop("losses", {}), "metrics": record.pop("metrics", {}), "train": record}
        return {f"{group}/{key}": value for group, figures in groups.items() for key, value in figures.items()
                if isinstance(value, (int, float)) and key != "step"}
    return {
        f"evaluation/{evaluator}/{figure}/{record['network']}": value
        for evaluator, figures in record["evaluation"].items() for figure, value in figures.items()
    }


if __name__ == "__main__":
    main()
