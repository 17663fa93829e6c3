"""Where do five polynomials take a singular value?

A matrix is divided by its length, so its singular values lie between 0 and 1
(across). Left, what one, two, … five polynomials make of each. The fifth (thick)
leaves all above 0.003 in the gray band, not at 1. Right, what more of them do.
Muon's three numbers (green) never settle: they keep a band. Newton and Schulz's
own, 1.5, −0.5 and 0 (black), go to 1, but a small value needs many more.
"""

import matplotlib.pyplot as plt
import torch

from lightning_modules.optimizers.muon import COEFFICIENTS, orthogonalized

EXACT = (1.5, -0.5, 0.0)
start = torch.logspace(-4, 0, 2000, dtype=torch.float64)
larger = start >= 0.003


def after(steps, coefficients=COEFFICIENTS):
    """Every singular value of `start` after so many polynomials."""
    a, b, c = coefficients
    values = start
    for _ in range(steps):
        values = a * values + b * values**3 + c * values**5
    return values


figure, (left, right) = plt.subplots(1, 2, figsize=(7.4, 3.2))
for steps in range(1, 6):
    width = 2.4 if steps == 5 else 0.9
    left.semilogx(start, after(steps), color="C2", linewidth=width)
low, high = after(5)[larger].min().item(), after(5)[larger].max().item()
left.axhspan(low, high, color="#b0b0b0", alpha=0.3, linewidth=0)
left.set(xlabel="singular value", ylabel="after 1, 2, … 5 polynomials")

counts = range(21)
small = int((start - 0.01).abs().argmin())
for coefficients, color, name, spot in (
    (COEFFICIENTS, "C2", "Muon's", (1.2, 1.24)),
    (EXACT, "black", "1.5, −0.5, 0", (11.5, 0.55)),
):
    values = [after(steps, coefficients)[small] for steps in counts]
    right.plot(counts, values, color=color, marker="o", markersize=3)
    right.text(*spot, name, color=color)
right.axhspan(low, high, color="#b0b0b0", alpha=0.3, linewidth=0)
right.set(xlabel="polynomials", ylabel="what became of 0.01", ylim=(0, 1.35))
right.set_xticks(range(0, 21, 5))
plt.show()

print(f"after 5 polynomials: {low:.2f} to {high:.2f} of all above 0.003")
many = after(30)[larger]
least, most = many.min().item(), many.max().item()
print(f"after 30: {least:.2f} to {most:.2f}")
exact_5, exact_20 = (after(n, EXACT)[small].item() for n in (5, 20))
print(f"0.01 after 5 of the exact ones: {exact_5:.2f}, after 20: {exact_20:.2f}")
assert low > 0.65 and high < 1.25, "the band"
assert most - least > 0.3, "which more of them do not narrow"
assert exact_5 < 0.1 and abs(exact_20 - 1) < 1e-6

torch.manual_seed(42)
matrix = torch.randn(30, 20, dtype=torch.float64)
expected = torch.linalg.svdvals(matrix / matrix.norm())
a, b, c = COEFFICIENTS
expected = a * expected + b * expected**3 + c * expected**5
found = torch.linalg.svdvals(orthogonalized(matrix, steps=1))
assert torch.allclose(found, expected.sort(descending=True).values)
print("one polynomial of a matrix is that of each of its singular values")
