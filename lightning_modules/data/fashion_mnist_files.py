"""The four files of Fashion-MNIST: found or downloaded, checked, and kept ready for the next time.

They are looked for in this order:

1. The folder that the environment variable `FASHION_MNIST_DIR` names. If it is set, it is the only place, and
   nothing is kept.
2. `/usr/share/datasets/fashion-mnist`, where Debian's package `dataset-fashion-mnist` puts them.
3. The cache folder, and if they are not there either, the network.

Packagers compress the files anew, so it is the *decompressed* bytes whose SHA-256 is checked. These bytes are
then kept in the cache folder, because reading and checking them again is several times faster than
decompressing. The cache folder is `pooch.os_cache("lightning-modules")`, or what the environment variable
`LIGHTNING_MODULES_CACHE` names.

Xiao, Rasul, Vollgraf, "Fashion-MNIST: a Novel Image Dataset for Benchmarking Machine Learning Algorithms"
(2017). https://arxiv.org/abs/1708.07747
"""

import contextlib
import gzip
import hashlib
import importlib.util
import mmap
import os
import tempfile
import zlib
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor

UPSTREAM = "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/"
DEBIAN_FOLDER = Path("/usr/share/datasets/fashion-mnist")

_IDX_LABELS_HEADER = 8  # a magic number and one length, four bytes each
_IDX_IMAGES_HEADER = 16  # a magic number and three lengths


class _Facts(NamedTuple):
    """What is known of one file: its IDX shape, and digests of its decompressed and of upstream's gzipped bytes."""

    shape: tuple[int, ...]
    sha256: str
    upstream_gzip_md5: str

    @property
    def header(self) -> int:
        return _IDX_LABELS_HEADER if len(self.shape) == 1 else _IDX_IMAGES_HEADER

    @property
    def size(self) -> int:
        return self.header + torch.Size(self.shape).numel()


FILES = {
    "train-images-idx3-ubyte": _Facts(
        (60_000, 1, 28, 28),
        "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
        "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
    ),
    "train-labels-idx1-ubyte": _Facts(
        (60_000,),
        "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
        "25c81989df183df01b3e8a0aad5dffbe",
    ),
    "t10k-images-idx3-ubyte": _Facts(
        (10_000, 1, 28, 28),
        "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
        "bef4ecab320f06d8554ea6380940ec79",
    ),
    "t10k-labels-idx1-ubyte": _Facts(
        (10_000,),
        "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
        "bb300cfdad3c16e7a12a480ee83cd310",
    ),
}


class FashionMNISTUnavailable(FileNotFoundError):
    """Fashion-MNIST is not on this machine and could not be downloaded. The message says how to get it.

    Args:
        what_happened: The message's beginning.
    """

    def __init__(self, what_happened: str) -> None:
        super().__init__(
            f"Fashion-MNIST is not available: {what_happened}\n"
            "To get it, do one of these:\n"
            "  - apt install dataset-fashion-mnist\n"
            "  - set FASHION_MNIST_DIR to a folder with its four .gz files\n"
            "  - go online once and run: python -m lightning_modules.data"
        )
        self.what_happened = what_happened

    def __reduce__(self) -> tuple[Any, ...]:  # it is raised in worker processes too, and pickled there
        return type(self), (self.what_happened,)


class FashionMNISTDamaged(ValueError):
    """A file with the right name holds the wrong bytes. The message says which file, and what is wrong with it.

    Args:
        path: The file.
        what_is_wrong: As it follows the file's name in a sentence.
    """

    def __init__(self, path: Path, what_is_wrong: str) -> None:
        super().__init__(
            f"{path} {what_is_wrong}. It is not the Fashion-MNIST file of that name. "
            "Replace it by a good copy (apt install --reinstall dataset-fashion-mnist, "
            f"or download {UPSTREAM}{path.name})."
        )
        self.path = path
        self.what_is_wrong = what_is_wrong

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.path, self.what_is_wrong)


def fetch() -> None:
    """Make sure that the four files are on this machine, downloading what is missing. Reads none of them.

    Raises:
        FashionMNISTUnavailable: If a file is neither here nor can be downloaded.
    """
    for name in FILES:
        if _chosen_folder() is not None or not _cached(name).is_file():
            _source(name)


def load() -> dict[str, Tensor]:
    """Read and check the four files.

    Returns:
        The content by file name, as bytes: images of shape (n, 1, 28, 28), labels of shape (n,).

    Raises:
        FashionMNISTUnavailable: If a file is neither here nor can be downloaded.
        FashionMNISTDamaged: If a file is cut, corrupt, or not what its name says.
    """
    return {name: _load(name) for name in FILES}


def location() -> Path:
    """The folder that the files are read from, once they are here."""
    name = next(iter(FILES))
    return _chosen_folder() or (_cached(name) if _cached(name).is_file() else _source(name)).parent


def _load(name: str) -> Tensor:
    if _chosen_folder() is not None:
        return _as_tensor(name, bytearray(_decompress(name, _source(name))))
    kept = _read_cache(name)
    if kept is None:
        content = _decompress(name, _source(name))
        _write_cache(name, content)
        return _as_tensor(name, bytearray(content))
    return _as_tensor(name, kept)


def _as_tensor(name: str, content: bytearray | mmap.mmap) -> Tensor:
    facts = FILES[name]
    return torch.frombuffer(content, dtype=torch.uint8, offset=facts.header).view(facts.shape)


def _chosen_folder() -> Path | None:
    folder = os.environ.get("FASHION_MNIST_DIR")
    return Path(folder) if folder else None


def _source(name: str) -> Path:
    """The gzipped file's path, after a download if need be."""
    filename = f"{name}.gz"
    if (chosen := _chosen_folder()) is not None:
        if not (chosen / filename).is_file():
            raise FashionMNISTUnavailable(
                f"FASHION_MNIST_DIR is set, but {chosen / filename} does not exist."
            )
        return chosen / filename
    if (DEBIAN_FOLDER / filename).is_file():
        return DEBIAN_FOLDER / filename
    return _download(filename, FILES[name].upstream_gzip_md5)


def _download(filename: str, md5: str) -> Path:
    import pooch

    try:
        path = pooch.retrieve(
            UPSTREAM + filename,
            known_hash=f"md5:{md5}",
            fname=filename,
            path=_cache_folder(),
            progressbar=importlib.util.find_spec("tqdm") is not None,
        )
    # Whatever stops a download, be it the network, the disk, a proxy's login page instead of the file, or a
    # sandbox that forbids sockets with an exception of its own: the way out is to get the data another way.
    except Exception as error:
        raise FashionMNISTUnavailable(f"{UPSTREAM}{filename} could not be downloaded ({error}).") from error
    return Path(path)


def _decompress(name: str, path: Path) -> bytes:
    facts = FILES[name]
    try:
        with gzip.open(path) as file:
            content = file.read(
                facts.size + 1
            )  # one byte more than there should be, to notice a file too long
    except EOFError:
        raise FashionMNISTDamaged(path, "is cut off before its end") from None
    except (gzip.BadGzipFile, zlib.error) as error:
        raise FashionMNISTDamaged(path, f"cannot be decompressed ({error})") from error
    if len(content) != facts.size:
        amount = f"more than {facts.size:,}" if len(content) > facts.size else f"{len(content):,}"
        raise FashionMNISTDamaged(path, f"holds {amount} bytes when decompressed, not {facts.size:,}")
    digest = hashlib.sha256(content).hexdigest()
    if digest != facts.sha256:
        raise FashionMNISTDamaged(path, f"decompresses to bytes with SHA-256 {digest}, not {facts.sha256}")
    return content


def _cache_folder() -> Path:
    if chosen := os.environ.get("LIGHTNING_MODULES_CACHE"):
        return Path(chosen) / "fashion-mnist"
    import pooch

    return Path(pooch.os_cache("lightning-modules")) / "fashion-mnist"


def _cached(name: str) -> Path:
    return _cache_folder() / name


def _read_cache(name: str) -> mmap.mmap | None:
    """The kept bytes if they are there and right; a file with other bytes is removed."""
    path = _cached(name)
    try:
        with path.open("rb") as file:
            # A private copy-on-write mapping: torch wants writable memory, and no writing reaches the file.
            content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
    except ValueError:  # an empty file cannot be mapped
        content = None
    except OSError:
        return None
    if content is not None:
        if hashlib.sha256(content).hexdigest() == FILES[name].sha256:
            return content
        content.close()
    with contextlib.suppress(OSError):
        path.unlink()
    return None


def _write_cache(name: str, content: bytes) -> None:
    """Keep the bytes for the next time, all or nothing. Where that is not possible, do without."""
    path = _cached(name)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{name}.")
    except OSError:
        return
    try:
        with open(handle, "wb") as file:
            file.write(content)
        os.replace(temporary, path)
    except BaseException as error:  # an interrupted one leaves nothing behind either
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        if not isinstance(error, OSError):
            raise
