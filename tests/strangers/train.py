"""`python train.py fit --config conv_net.yaml`: a module of one's own, its data, and Lightning's command line."""

import pytorch_lightning as pl
from conv_net import ConvNet, loaders
from pytorch_lightning.cli import LightningCLI


class Images(pl.LightningDataModule):
    def train_dataloader(self):
        return loaders()[0]

    def val_dataloader(self):
        return loaders()[1]


if __name__ == "__main__":
    LightningCLI(ConvNet, Images, auto_configure_optimizers=False)
