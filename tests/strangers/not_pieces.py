"""The public names that are not put onto anybody's module, each with the reason."""

DATA = "data"
NETWORK = "a network of its own"
RESULT = "what another name returns"
ERROR = "an error"

NOT_PIECES: dict[str, str] = {
    "CalibrationReport": RESULT,
    "Classifier": "a LightningModule of its own, for networks without one",
    "Conflict": RESULT,
    "Diagnosis": RESULT,
    "Digits": DATA,
    "FashionMNIST": DATA,
    "FashionMNISTDamaged": ERROR,
    "FashionMNISTUnavailable": ERROR,
    "Finding": RESULT,
    "FoldingReport": RESULT,
    "InMemoryBatches": DATA,
    "InMemoryImages": DATA,
    "InitializationReport": RESULT,
    "KerasModule": "a network, brought from Keras",
    "MCPrediction": RESULT,
    "MLP": NETWORK,
    "RangeTest": RESULT,
    "Recipe": RESULT,
    "RecipeMLP": NETWORK,
    "ReuseReport": RESULT,
    "Selective": RESULT,
    "SignalReport": RESULT,
    "SparseSize": RESULT,
    "Split": DATA,
    "StackedAutoencoder": "a LightningModule of its own, whose layers `reuse` brings into another",
    "WeightsDoNotFit": ERROR,
}
