"""A stranger's small transformer: sequences of eight tokens in two classes, trained by AdamW."""

import pytorch_lightning as pl
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

TOKENS, LENGTH = 16, 8


class TokenNet(pl.LightningModule):
    def __init__(self, d_model: int = 16, nhead: int = 2, num_layers: int = 2):
        super().__init__()
        self.embedding = nn.Embedding(TOKENS, d_model)
        self.positions = nn.Parameter(0.02 * torch.randn(LENGTH, d_model))
        layer = nn.TransformerEncoderLayer(d_model, nhead, dim_feedforward=32, dropout=0.1, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, num_layers)
        self.head = nn.Linear(d_model, 2)
        self.criterion = nn.CrossEntropyLoss()

    def forward(self, tokens):
        hidden = self.encoder(self.embedding(tokens) + self.positions)
        return self.head(hidden.mean(dim=1))

    def training_step(self, batch, batch_idx):
        loss = self.criterion(self(batch["tokens"]), batch["label"])
        self.log("train_loss", loss, prog_bar=True)
        return loss

    def validation_step(self, batch, batch_idx):
        loss = self.criterion(self(batch["tokens"]), batch["label"])
        self.log("val_loss", loss, prog_bar=True)

    def configure_optimizers(self):
        return torch.optim.AdamW(self.parameters(), lr=3e-3)


class Sequences(Dataset):
    """Random tokens; the class is whether the first is larger than the last."""

    def __init__(self, count, seed):
        self.tokens = torch.randint(TOKENS, (count, LENGTH), generator=torch.Generator().manual_seed(seed))

    def __len__(self):
        return len(self.tokens)

    def __getitem__(self, index):
        tokens = self.tokens[index]
        return {"tokens": tokens, "label": (tokens[0] > tokens[-1]).long()}


def loaders():
    return DataLoader(Sequences(64, seed=0), batch_size=8), DataLoader(Sequences(16, seed=1), batch_size=8)
