"""lightning_modules.pretrained.transfer."""

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations

from lightning_modules import MLP, Classifier, Digits, WeightsDoNotFit, quiet_trainer, reuse


def state(model):
    return {name: tensor.clone() for name, tensor in model.state_dict().items()}


def changed(model, before):
    return [name for name, tensor in model.state_dict().items() if not torch.equal(tensor, before[name])]


# What is loaded


def test_layers_are_copied_and_the_new_head_keeps_its_own_weights():
    source, model = MLP([4, 3, 8]), MLP([4, 3, 2])
    before = state(model)
    report = reuse(model, source, new=["3"])
    assert torch.equal(model[1].weight, source[1].weight)
    assert changed(model, before) == ["1.weight", "1.bias"] == report.loaded
    assert report.kept == ["3.weight", "3.bias"]


def test_the_source_and_the_model_share_no_memory():
    source, model = MLP([4, 3, 2]), MLP([4, 3, 2])
    reuse(model, source)
    kept = source[1].weight.clone()
    with torch.no_grad():
        model[1].weight.zero_()
    assert torch.equal(source[1].weight, kept)


def test_parameters_stay_the_same_objects_so_that_an_optimizer_still_holds_them():
    model = MLP([4, 3, 2])
    parameters = list(model.parameters())
    reuse(model, MLP([4, 3, 2]))
    assert all(a is b for a, b in zip(parameters, model.parameters(), strict=True))
    assert all(p.requires_grad for p in parameters)


def test_only_the_layers_that_are_named_are_taken_over():
    source, model = MLP([4, 3, 3, 2]), MLP([4, 3, 3, 2])
    before = state(model)
    report = reuse(model, source, layers=["1"])
    assert changed(model, before) == ["1.weight", "1.bias"]
    assert [row.source_name for row in report if row.status == "left out"] == [
        "3.weight",
        "3.bias",
        "5.weight",
        "5.bias",
    ]


def test_a_layer_may_have_another_name_in_the_source():
    source, model = nn.ModuleDict({"body": MLP([4, 3]), "head": nn.Linear(3, 4)}), nn.Sequential(MLP([4, 3]))
    report = reuse(model, source, layers={"body": "0"})
    assert torch.equal(model[0][1].weight, source["body"][1].weight)
    assert report["0.1.weight"].source_name == "body.1.weight"


def test_a_bare_network_is_loaded_into_a_lightning_module_and_back():
    network, module = MLP([4, 3, 2]), Classifier(MLP([4, 3, 2]))
    reuse(module, network, layers={"": "network"})
    assert torch.equal(module.network[3].weight, network[3].weight)
    fresh = MLP([4, 3, 2])
    reuse(fresh, module, layers={"network": ""})
    assert torch.equal(fresh[3].weight, network[3].weight)


def test_running_statistics_are_reused_too():
    source, model = (MLP([4, 3, 2], normalization=nn.BatchNorm1d) for _ in range(2))
    source(torch.rand(50, 4) + 7)
    assert "2.running_mean" in reuse(model, source).loaded
    assert torch.equal(model[2].running_mean, source[2].running_mean)


def test_numbers_of_another_precision_are_converted():
    model = MLP([4, 2])
    reuse(model, MLP([4, 2]).double())
    assert model[1].weight.dtype == torch.float32


def test_one_parameter_may_be_named():
    class Positions(nn.Module):
        def __init__(self, length):
            super().__init__()
            self.positions = nn.Parameter(torch.rand(length))
            self.layer = nn.Linear(2, 2)

    source, model = Positions(4), Positions(6)
    assert reuse(model, source, new=["positions"]).loaded == ["layer.weight", "layer.bias"]


def test_a_name_does_not_reach_its_namesakes_with_more_letters():
    source, model = (nn.ModuleDict({"body": nn.Linear(1, 1), "body2": nn.Linear(1, 1)}) for _ in range(2))
    assert reuse(model, source, layers=["body"]).loaded == ["body.weight", "body.bias"]


# Where it comes from


def test_a_checkpoint_of_a_training_is_a_source(tmp_path):
    torch.manual_seed(0)
    trained = Classifier(MLP([64, 5, 10]))
    trainer = quiet_trainer(max_steps=2, limit_val_batches=0)
    trainer.fit(trained, Digits(train_size=64))
    trainer.save_checkpoint(tmp_path / "trained.ckpt")
    model = Classifier(MLP([64, 5, 2]))
    report = reuse(model, tmp_path / "trained.ckpt", new=["network.3"])
    assert report.loaded == ["network.1.weight", "network.1.bias"]
    assert torch.equal(model.network[1].weight, trained.network[1].weight)


def test_a_saved_state_dict_is_a_source_as_a_file_and_as_a_mapping(tmp_path):
    source = MLP([4, 2])
    torch.save(source.state_dict(), tmp_path / "weights.pt")
    for given in (str(tmp_path / "weights.pt"), source.state_dict()):
        model = MLP([4, 2])
        reuse(model, given)
        assert torch.equal(model[1].weight, source[1].weight)


def test_a_file_that_could_run_code_is_refused_with_the_way_to_trust_it(tmp_path):
    torch.save({"state_dict": MLP([4, 2]).state_dict(), "config": Digits}, tmp_path / "code.ckpt")
    with pytest.raises(ValueError, match=r"pass torch\.load\(.*weights_only=False\)\['state_dict'\]"):
        reuse(MLP([4, 2]), tmp_path / "code.ckpt")


def test_a_file_without_weights_is_refused(tmp_path):
    torch.save({"epoch": 3}, tmp_path / "empty.ckpt")
    with pytest.raises(ValueError, match="holds no weights"):
        reuse(MLP([4, 2]), tmp_path / "empty.ckpt")


# What does not fit


def test_another_shape_is_an_error_and_nothing_is_loaded():
    source, model = MLP([4, 3, 8]), MLP([4, 3, 2])
    before = state(model)
    with pytest.raises(WeightsDoNotFit, match=r"3\.weight: shape \(2, 3\), and \(8, 3\) in the source") as e:
        reuse(model, source)
    assert changed(model, before) == []
    assert "new=[" in str(e.value)


def test_what_is_missing_and_what_has_no_place_are_errors():
    with pytest.raises(WeightsDoNotFit, match=r"5\.bias: shape \(2,\), not in the source"):
        reuse(MLP([4, 3, 3, 2]), MLP([4, 3, 3]))
    with pytest.raises(WeightsDoNotFit, match=r"5\.bias: shape \(2,\) in the source, not in the model"):
        reuse(MLP([4, 3, 3]), MLP([4, 3, 3, 2]))


def test_a_mismatch_that_was_asked_for_is_in_the_report():
    source, model = MLP([4, 3, 8]), MLP([4, 3, 2])
    report = reuse(model, source, strict=False)
    assert report.loaded == ["1.weight", "1.bias"]
    assert [(row.status, row.shape, row.source_shape) for row in report.mismatches] == [
        ("shape differs", (2, 3), (8, 3)),
        ("shape differs", (2,), (8,)),
    ]
    assert "loaded 2 of 4 tensors, 15 of 23 numbers" in str(report)  # 12 + 3, and 6 + 2 beside


def test_fractions_are_not_cut_off_into_whole_numbers():
    source, model = nn.Module(), nn.Module()
    source.register_buffer("table", torch.tensor([0.5]))
    model.register_buffer("table", torch.tensor([1]))
    with pytest.raises(WeightsDoNotFit, match="table: numbers of another kind"):
        reuse(model, source)


@pytest.mark.parametrize("strict", [True, False])
def test_names_that_differ_by_their_beginning_are_told_how(strict):
    with pytest.raises(WeightsDoNotFit, match=r"try layers=\{'': 'network'\}"):
        reuse(Classifier(MLP([4, 2])), MLP([4, 2]), strict=strict)
    with pytest.raises(WeightsDoNotFit, match=r"try layers=\{'network': ''\}"):
        reuse(MLP([4, 2]), Classifier(MLP([4, 2])), strict=strict)


def test_loading_nothing_at_all_is_an_error_even_where_mismatches_are_allowed():
    with pytest.raises(WeightsDoNotFit, match="Not one tensor would be loaded"):
        reuse(MLP([4, 2]), MLP([5, 3]), strict=False)
    with pytest.raises(WeightsDoNotFit, match="Not one tensor would be loaded"):
        reuse(MLP([4, 2]), MLP([4, 2]), new=[""])


def test_unknown_names_are_refused_with_the_known_ones():
    with pytest.raises(ValueError, match=r"MLP has no submodule 'head'\. Those with weights are 1, 3\."):
        reuse(MLP([4, 3, 2]), MLP([4, 3, 2]), new=["head"])
    with pytest.raises(ValueError, match=r"nothing by the name of 'body'\. It has weights in 1, 3\."):
        reuse(MLP([4, 3, 2]), MLP([4, 3, 2]), layers={"body": "1"})


def test_two_layers_do_not_take_the_same_place():
    with pytest.raises(ValueError, match="same place: '1' and '1'"):
        reuse(MLP([3, 3, 3]), MLP([3, 3, 3]), layers={"1": "1", "3": "1"})


@pytest.mark.parametrize("argument", ["layers", "new"])
def test_a_string_is_not_taken_for_a_list_of_names(argument):
    with pytest.raises(TypeError, match=rf"{argument} must hold names, got the string '1'. Use \['1'\]"):
        reuse(MLP([4, 2]), MLP([4, 2]), **{argument: "1"})


def test_a_lazy_layer_is_refused_by_name():
    with pytest.raises(ValueError, match=r"0\.weight, 0\.bias of the model has no shape yet"):
        reuse(nn.Sequential(nn.LazyLinear(2)), nn.Sequential(nn.Linear(4, 2)))


def test_the_report_finds_a_row_by_name_and_says_which_there_are():
    report = reuse(MLP([4, 2]), MLP([4, 2]))
    assert report["1.bias"].shape == (2,)
    assert len(report) == 2
    with pytest.raises(KeyError, match=r"there is 1\.weight, 1\.bias"):
        report["2.bias"]


# All or nothing, whatever the tensors are


def three():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2), nn.Linear(2, 2))


def expanded():
    model = three()
    model[1].weight = nn.Parameter(torch.ones(2, 1).expand(2, 2))
    return model


def with_meta():
    model = three()
    model[1] = nn.Linear(2, 2, device="meta")
    return model


def sparse_csr():
    model = three()
    model[1].weight = nn.Parameter(torch.eye(2).to_sparse_csr())
    return model


def inference():
    model = three()
    with torch.inference_mode():
        model[1] = nn.Linear(2, 2)
    return model


@pytest.mark.filterwarnings("ignore:Sparse CSR tensor support:UserWarning")
@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (expanded, "1.weight of the model is expanded: .*clone"),
        (with_meta, "1.weight of the model is on the meta device .*to_empty"),
        (sparse_csr, "1.weight of the model is sparse_csr, and dense in the source"),
        (inference, "1.weight of the model was made in inference mode"),
    ],
)
@pytest.mark.parametrize("strict", [True, False])
def test_a_tensor_in_the_middle_that_cannot_be_set_leaves_all_as_it_was(make, reason, strict):
    model, source = make(), nn.Sequential(*(nn.Linear(2, 2) for _ in range(3)))
    before = model[0].weight.detach().clone(), model[2].bias.detach().clone()
    with pytest.raises(WeightsDoNotFit, match=rf"(?s)Nothing was loaded:\n  {reason}"):
        reuse(model, source, strict=strict)
    assert torch.equal(model[0].weight, before[0])
    assert torch.equal(model[2].bias, before[1])


def test_a_model_or_a_source_on_the_meta_device_is_refused():
    with torch.device("meta"):
        empty = three()
    with pytest.raises(WeightsDoNotFit, match=r"0\.weight of the model is on the meta device"):
        reuse(empty, three())
    model = three()
    before = state(model)
    with pytest.raises(WeightsDoNotFit, match=r"0\.weight of the source is on the meta device"):
        reuse(model, empty)
    assert not changed(model, before)


def test_what_is_not_asked_for_may_be_of_any_kind():
    model = expanded()
    assert reuse(model, three(), new=["1"]).loaded == ["0.weight", "0.bias", "2.weight", "2.bias"]


def test_a_sparse_source_is_made_dense_and_a_sparse_buffer_stays_sparse():
    class Graph(nn.Module):
        def __init__(self, edges):
            super().__init__()
            self.layer = nn.Linear(3, 3)
            self.register_buffer("edges", edges.to_sparse())

    model, source = Graph(torch.eye(3)), Graph(torch.ones(3, 3))
    with torch.no_grad():
        source.layer.weight.copy_(torch.eye(3))
    saved = source.state_dict()
    saved["layer.weight"] = saved["layer.weight"].to_sparse()
    reuse(model, saved)
    assert torch.equal(model.layer.weight, torch.eye(3))
    assert model.edges.is_sparse
    assert torch.equal(model.edges.to_dense(), torch.ones(3, 3))


def tied():
    model = three()
    model[2].weight = model[0].weight
    return model


def test_tied_weights_take_over_what_agrees_and_refuse_what_does_not():
    model, source = tied(), tied()
    with torch.no_grad():
        source[0].weight.fill_(3.0)
    reuse(model, source)
    assert model[2].weight is model[0].weight
    assert model[0].weight.unique().tolist() == [3.0]
    before = state(model)
    with pytest.raises(
        WeightsDoNotFit, match=r"2.weight of the model is the same tensor as 0.weight, and they differ"
    ):
        reuse(model, three())
    with pytest.raises(
        WeightsDoNotFit, match=r"2.weight of the model is to begin anew, and is the same tensor as 0"
    ):
        reuse(model, three(), new=["2"])
    assert not changed(model, before)
    reuse(model, three(), layers=["0"])
    assert torch.equal(model[2].weight, three()[0].weight)


# States that hold more than tensors


class Scaled(nn.Module):
    """A layer that also saves its vocabulary, or refuses another's."""

    def __init__(self, words, as_tensor=False):
        super().__init__()
        self.layer = nn.Linear(2, 2)
        self.words, self.as_tensor = words, as_tensor

    def get_extra_state(self):
        return torch.tensor(self.words) if self.as_tensor else {"words": self.words}

    def set_extra_state(self, content):
        words = content.tolist() if self.as_tensor else content["words"]
        if not words:
            raise RuntimeError("no words")
        self.words = words


@pytest.mark.parametrize("as_tensor", [False, True])
@pytest.mark.parametrize("by_file", [False, True])
def test_what_a_module_saves_besides_its_tensors_is_taken_over(as_tensor, by_file, tmp_path):
    model = nn.Sequential(Scaled([1, 2], as_tensor), nn.Linear(2, 2))
    source = nn.Sequential(Scaled([7, 8, 9], as_tensor), nn.Linear(2, 2))
    if by_file:
        torch.save(source.state_dict(), tmp_path / "source.pt")
    report = reuse(model, tmp_path / "source.pt" if by_file else source, new=["1"])
    assert model[0].words == [7, 8, 9]
    assert model[0].words is not source[0].words
    assert report["0._extra_state"].status == "loaded"
    assert str(report).endswith("loaded 2 of 4 tensors, 6 of 12 numbers, and 1 of 1 extra states")


def test_a_state_that_a_module_refuses_leaves_all_as_it_was():
    model = nn.Sequential(Scaled([1]), Scaled([2]))
    before = state(model[0].layer), state(model[1].layer)
    with pytest.raises(
        WeightsDoNotFit, match=r"Nothing was loaded: Scaled.set_extra_state refuses .*: no words"
    ):
        reuse(model, nn.Sequential(Scaled([5]), Scaled([])))
    assert (model[0].words, model[1].words) == ([1], [2])
    assert not changed(model[0].layer, before[0])
    assert not changed(model[1].layer, before[1])


def test_a_state_on_one_side_alone_is_a_mismatch():
    plain = nn.Module()
    plain.layer = nn.Linear(2, 2)
    with pytest.raises(WeightsDoNotFit, match="_extra_state: an extra state, not in the source"):
        reuse(Scaled([1]), plain)
    with pytest.raises(WeightsDoNotFit, match="_extra_state: an extra state, not in the model"):
        reuse(plain, Scaled([1]))
    assert reuse(Scaled([1]), plain, strict=False).loaded == ["layer.weight", "layer.bias"]


# Compiled networks


@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")  # torch's compiler, when it is imported
@pytest.mark.parametrize("which", ["model", "source", "both", "inside"])
def test_a_compiled_network_has_the_names_that_it_was_written_with(which):
    model, source = MLP([4, 3, 2]), MLP([4, 3, 8])
    theirs = torch.compile(source) if which in ("source", "both") else source
    ours = torch.compile(model) if which in ("model", "both") else model
    if which == "inside":
        model[1] = torch.compile(model[1])
    report = reuse(ours, theirs, new=["3"])
    assert report.loaded == ["1.weight", "1.bias"]
    assert torch.equal(model[1].weight, source[1].weight)


def test_a_normed_layer_takes_over_what_another_is_computed_from():
    model, source = (nn.Sequential(parametrizations.weight_norm(nn.Linear(3, 2))) for _ in range(2))
    reuse(model, source)
    assert torch.equal(model[0].weight, source[0].weight)


def test_a_checkpoint_that_has_been_read_is_looked_into():
    model, source = MLP([4, 3, 2]), MLP([4, 3, 2])
    reuse(model, {"epoch": 3, "state_dict": source.state_dict()})
    assert torch.equal(model[1].weight, source[1].weight)


@pytest.mark.parametrize(
    ("theirs", "ours", "hint"),
    [
        (["weight"], ["longer.weight", "short.weight"], r"layers=\{'': 'short'\}"),
        (["weight"], ["b.weight", "a.weight"], r"layers=\{'': 'a'\}"),
        (["b.weight", "a.weight"], ["weight"], r"layers=\{'a': ''\}"),
    ],
)
def test_of_hints_that_help_as_much_the_shorter_is_given_and_else_the_first_by_name(theirs, ours, hint):
    class Model(nn.Module):
        def state_dict(self, *args, **kwargs):
            return {name: torch.zeros(1) for name in ours}

    with pytest.raises(WeightsDoNotFit, match=hint):
        reuse(Model(), {name: torch.zeros(1) for name in theirs})
