"""The data modules: an epoch against a DataLoader, and loading again against decompressing."""

from __future__ import annotations

import gzip
import statistics
import subprocess
import sys
import time
from collections.abc import Iterable
from functools import partial
from typing import Any

import torch
from torch.utils.data import DataLoader, TensorDataset

from benchmarks.table import Row
from benchmarks.train_only import TrainOnly
from lightning_modules import MLP, FashionMNIST, quiet_trainer
from lightning_modules.data import fashion_mnist_files

_REPEATS = 5


def an_epoch() -> list[Row]:
    """784-300-100-10, batches of 128, in the same Trainer, torch's default threads; the best of five epochs each."""
    data = FashionMNIST(batch_size=128)
    loader = DataLoader(TensorDataset(*data.train), batch_size=128, shuffle=True)
    ours, theirs = [], []
    for _ in range(_REPEATS):
        ours.append(_epoch(data.train_dataloader()))
        theirs.append(_epoch(loader))
    mine, peer = min(ours), min(theirs)
    what = f"an epoch of Fashion-MNIST, our data module ({mine:.2f} s)"
    return [
        Row(what, f"DataLoader over a TensorDataset ({peer:.2f} s)", peer / mine, "x", 1.25, at_least=True)
    ]


def _epoch(batches: Iterable[Any]) -> float:
    torch.manual_seed(42)
    model = TrainOnly(MLP([784, 300, 100, 10]), optimizer=partial(torch.optim.SGD, lr=0.01, fused=True))
    trainer = quiet_trainer(max_epochs=1)
    started = time.perf_counter()
    trainer.fit(model, batches)
    return time.perf_counter() - started


def loading_again() -> list[Row]:
    """In a process of its own each time, the imports left out."""
    fashion_mnist_files.load()  # the first time makes the cache
    program = (
        "import time; from lightning_modules.data import fashion_mnist_files; import torch; "
        "t = time.perf_counter(); fashion_mnist_files.load(); print(time.perf_counter() - t)"
    )
    again = statistics.median(
        float(
            subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
        )
        for _ in range(5)
    )
    files = [fashion_mnist_files._source(name) for name in fashion_mnist_files.FILES]
    started = time.perf_counter()
    for path in files:
        gzip.decompress(path.read_bytes())
    decompressing = time.perf_counter() - started
    what = f"loading Fashion-MNIST the second time ({again * 1000:.0f} ms)"
    against = f"decompressing the four files ({decompressing * 1000:.0f} ms)"
    return [Row(what, against, decompressing / again, "x", 5.0, at_least=True)]
