"""lightning_modules.data: where the files of Fashion-MNIST come from, and which are refused.

Most tests use four small files of the same layout, so that they need neither the data nor the network.
"""

import gzip
import hashlib
import http.server
import os
import pickle
import struct
import threading

import pytest
import torch

from lightning_modules import FashionMNIST, FashionMNISTDamaged, FashionMNISTUnavailable
from lightning_modules.data import __main__ as command
from lightning_modules.data import fashion_mnist_files as files

REAL_FOLDER = files.DEBIAN_FOLDER
IMAGES, LABELS = "train-images-idx3-ubyte", "train-labels-idx1-ubyte"


def idx(array):
    header = struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape)
    return header + bytes(array.flatten().tolist())


def small_files():
    generator = torch.Generator().manual_seed(0)
    for name in files.FILES:
        count = 30 if name.startswith("train") else 10
        if "labels" in name:
            yield name, (count,), idx(torch.arange(count) % 10)
        else:
            yield name, (count, 1, 28, 28), idx(torch.randint(256, (count, 28, 28), generator=generator))


@pytest.fixture
def contents(monkeypatch):
    """Four small files instead of the real ones: their decompressed bytes, by name."""
    contents = {name: content for name, _, content in small_files()}
    facts = {
        name: files._Facts(
            shape,
            hashlib.sha256(content).hexdigest(),
            hashlib.md5(gzip.compress(content, mtime=0)).hexdigest(),
        )
        for name, shape, content in small_files()
    }
    monkeypatch.setattr(files, "FILES", facts)
    return contents


@pytest.fixture(autouse=True)
def nowhere(tmp_path, monkeypatch):
    """No source of data at first: every test names its own."""
    monkeypatch.delenv("FASHION_MNIST_DIR", raising=False)
    monkeypatch.setenv("LIGHTNING_MODULES_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(files, "DEBIAN_FOLDER", tmp_path / "debian")
    monkeypatch.setattr(files, "UPSTREAM", "http://127.0.0.1:9/")  # the discard port: nothing listens


def put(folder, contents):
    folder.mkdir(exist_ok=True)
    for name, content in contents.items():
        (folder / f"{name}.gz").write_bytes(gzip.compress(content, mtime=0))
    return folder


@pytest.fixture
def debian(contents):
    return put(files.DEBIAN_FOLDER, contents)


@pytest.fixture
def cache(tmp_path):
    return tmp_path / "cache" / "fashion-mnist"


# What is read


def test_the_bytes_of_the_files_become_images_and_labels(debian, contents):
    loaded = files.load()
    assert loaded[IMAGES].shape == (30, 1, 28, 28)
    assert bytes(loaded[IMAGES].flatten().tolist()) == contents[IMAGES][16:]
    assert loaded[LABELS].tolist() == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9] * 3


def test_the_cache_gives_the_same_bytes(debian):
    first, second = files.load(), files.load()
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_writing_to_the_images_does_not_reach_the_cache(debian):
    files.load()
    files.load()[IMAGES].zero_()
    assert files.load()[IMAGES].any()


@pytest.mark.skipif(not REAL_FOLDER.is_dir(), reason="dataset-fashion-mnist is missing")
def test_the_real_files_are_right(monkeypatch):
    monkeypatch.setattr(files, "DEBIAN_FOLDER", REAL_FOLDER)
    data = FashionMNIST()
    assert [len(split.labels) for split in (data.train, data.validation, data.test)] == [
        55_000,
        5_000,
        10_000,
    ]
    assert data.test.labels.bincount().tolist() == [1_000] * 10
    assert data.validation.images.shape == (5_000, 1, 28, 28)
    assert (data.mean, data.std) == pytest.approx((0.286, 0.353), abs=5e-4)  # as known from the literature
    assert [data.class_names[label] for label in data.train.labels[:2]] == ["Ankle boot", "T-shirt/top"]


# Where it is looked for


def test_the_chosen_folder_wins_over_all_others(debian, tmp_path, contents, monkeypatch):
    (debian / f"{IMAGES}.gz").write_bytes(b"wrong")
    monkeypatch.setenv("FASHION_MNIST_DIR", str(put(tmp_path / "chosen", contents)))
    files.fetch()
    assert files.load()[LABELS].shape == (30,)
    assert files.location() == tmp_path / "chosen"


def test_the_chosen_folder_is_the_only_one(debian, tmp_path, contents, monkeypatch):
    files.load()
    chosen = put(tmp_path / "chosen", contents)
    monkeypatch.setenv("FASHION_MNIST_DIR", str(chosen))
    (chosen / f"{LABELS}.gz").unlink()
    for use in (files.fetch, files.load):
        with pytest.raises(FashionMNISTUnavailable, match=f"{chosen}/{LABELS}.gz does not exist"):
            use()


def test_a_damaged_file_in_the_chosen_folder_is_refused_although_the_cache_is_good(
    debian, tmp_path, contents, monkeypatch
):
    files.load()
    chosen = put(tmp_path / "chosen", contents)
    (chosen / f"{LABELS}.gz").write_bytes(b"")
    monkeypatch.setenv("FASHION_MNIST_DIR", str(chosen))
    with pytest.raises(FashionMNISTDamaged, match=str(chosen)):
        files.load()


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture
def upstream(tmp_path, contents, monkeypatch):
    """A server with the four files, in place of the one in the internet."""
    folder = put(tmp_path / "upstream", contents)
    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), lambda *arguments: Quiet(*arguments, directory=folder)
    )
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    monkeypatch.setattr(files, "UPSTREAM", f"http://127.0.0.1:{server.server_port}/")
    yield folder
    server.shutdown()
    thread.join()
    server.server_close()


def test_what_is_nowhere_is_downloaded_and_kept(upstream, monkeypatch):
    files.fetch()
    assert files.load()[LABELS].shape == (30,)
    monkeypatch.setattr(files, "UPSTREAM", "http://127.0.0.1:9/")
    assert files.load()[LABELS].shape == (30,)


def test_only_missing_files_are_downloaded(upstream, debian):
    (debian / f"{LABELS}.gz").unlink()
    files.fetch()
    assert [path.name for path in files._cache_folder().iterdir()] == [f"{LABELS}.gz"]


def test_a_download_that_is_not_the_file_counts_as_none(upstream):
    (upstream / f"{IMAGES}.gz").write_bytes(b"<html>please log in</html>")
    with pytest.raises(FashionMNISTUnavailable, match="apt install dataset-fashion-mnist"):
        files.load()


@pytest.mark.parametrize("use", [files.fetch, files.load, FashionMNIST().setup, FashionMNIST().prepare_data])
def test_without_data_and_network_the_message_says_what_to_do(contents, use):
    with pytest.raises(FashionMNISTUnavailable) as caught:
        use()
    for way in ("apt install dataset-fashion-mnist", "FASHION_MNIST_DIR", "python -m lightning_modules.data"):
        assert way in str(caught.value)
    assert isinstance(caught.value.__cause__, OSError)
    assert isinstance(caught.value, FileNotFoundError)


def test_a_sandbox_that_denies_the_network_counts_as_no_network(run_program):
    program = """
import sys
from lightning_modules.data import fashion_mnist_files as files

def deny(event, arguments):
    if event.startswith("socket."):
        raise error(event)

sys.addaudithook(deny)
files.DEBIAN_FOLDER = files.Path("nowhere")
for error in (PermissionError, RuntimeError, ValueError):
    try:
        files.load()
    except files.FashionMNISTUnavailable as unavailable:
        print(error.__name__, unavailable.__cause__ is not None)
"""
    done = run_program(program)
    assert done.stdout == "PermissionError True\nRuntimeError True\nValueError True\n"


# What is refused


def damaged(content, how):
    packed = gzip.compress(content, mtime=0)
    middle = len(packed) // 2
    return {
        "cut": packed[:middle],
        "empty": b"",
        "not gzip": b"<html>404</html>",
        "flipped bits": packed[:middle] + bytes([packed[middle] ^ 0xFF]) + packed[middle + 1 :],
        "too short": gzip.compress(content[:-1]),
        "too long": gzip.compress(content + b"\0"),
        "another content": gzip.compress(content[:-1] + bytes([content[-1] ^ 1])),
    }[how]


@pytest.mark.parametrize("name", [IMAGES, LABELS])
@pytest.mark.parametrize(
    ("how", "complaint"),
    [
        ("cut", "is cut off before its end"),
        ("empty", r"holds 0 bytes when decompressed"),
        ("not gzip", "cannot be decompressed"),
        ("flipped bits", "cannot be decompressed|SHA-256|holds|is cut"),
        ("too short", "bytes when decompressed, not"),
        ("too long", "holds more than"),
        ("another content", "SHA-256"),
    ],
)
def test_a_wrong_file_is_refused_by_name(debian, contents, cache, name, how, complaint):
    (debian / f"{name}.gz").write_bytes(damaged(contents[name], how))
    with pytest.raises(FashionMNISTDamaged, match=f"{debian}/{name}.gz .*({complaint}).*Replace it"):
        files.load()
    assert not (cache / name).exists()


@pytest.mark.parametrize(
    ("kind", "arguments"),
    [(FashionMNISTDamaged, (files.Path("folder/file.gz"), "is cut")), (FashionMNISTUnavailable, ("Gone.",))],
)
def test_a_worker_process_can_hand_the_error_on(kind, arguments):
    error = kind(*arguments)
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


def test_two_files_exchanged_are_refused(debian, contents):
    (debian / "train-images-idx3-ubyte.gz").write_bytes(gzip.compress(contents["t10k-images-idx3-ubyte"]))
    with pytest.raises(FashionMNISTDamaged, match="train-images"):
        files.load()


# The cache


def test_the_second_time_nothing_is_decompressed(debian, monkeypatch):
    files.load()
    monkeypatch.setattr(gzip, "open", lambda *_: pytest.fail("decompressed again"))
    files.load()


@pytest.mark.parametrize("damage", [b"", b"short", None])
def test_a_damaged_cache_is_made_again(debian, cache, contents, damage):
    files.load()
    good = contents[LABELS]
    (cache / LABELS).write_bytes(good[:-1] + b"\xff" if damage is None else damage)
    assert files.load()[LABELS].tolist() == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9] * 3
    assert (cache / LABELS).read_bytes() == good


def test_a_damaged_cache_without_a_source_is_not_used(debian, cache):
    files.load()
    (cache / LABELS).write_bytes(b"short")
    (debian / f"{LABELS}.gz").unlink()
    with pytest.raises(FashionMNISTUnavailable):
        files.load()


def test_the_cache_holds_whole_files_only(debian, cache):
    files.load()
    assert sorted(path.name for path in cache.iterdir()) == sorted(files.FILES)


def test_a_failed_write_leaves_nothing_behind(debian, cache, monkeypatch):
    def full(*_):
        raise OSError("No space left on device")

    monkeypatch.setattr(os, "replace", full)
    assert files.load()[LABELS].shape == (30,)
    assert list(cache.iterdir()) == []


def test_an_interrupted_write_leaves_nothing_behind(debian, cache, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        files.load()
    assert list(cache.iterdir()) == []


def test_without_a_place_for_the_cache_it_works_too(debian, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("LIGHTNING_MODULES_CACHE", str(tmp_path / "file"))
    assert files.load()[LABELS].shape == (30,)
    assert files.load()[LABELS].shape == (30,)


# The command


def test_the_command_says_where_the_data_is(debian, cache, capsys):
    assert command.main() == 0
    assert capsys.readouterr().out == f"Fashion-MNIST is complete and unchanged: {cache}\n"


def test_the_command_fails_with_the_way_out(contents, capsys):
    assert command.main() == 1
    assert "apt install dataset-fashion-mnist" in capsys.readouterr().err


def test_the_command_names_a_damaged_file(debian, capsys):
    (debian / f"{LABELS}.gz").write_bytes(b"")
    assert command.main() == 1
    assert f"{debian}/{LABELS}.gz" in capsys.readouterr().err
