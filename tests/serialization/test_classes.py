"""Classes in files: by name and origin, never one in place of another of the same name."""

import numpy as np
import pytest
from version_1_samples import Huber, Residual

import minidl
from minidl import ArgumentError, DataError, Layer, Linear, Loss, Penalty, Sequential
from minidl.serialization.classes import (
    MODEL_CLASSES,
    add_distinct,
    check_custom,
    class_entry,
    find_class,
)


def imitation(of):
    """Return a class that has the name, the module and the qualified name of another."""
    names = {"__module__": of.__module__, "__qualname__": of.__qualname__}
    return type(of.__name__, (of,), names)


@pytest.mark.parametrize("part_class", MODEL_CLASSES.values(), ids=list(MODEL_CLASSES))
def test_what_minidl_exports_is_its_own_and_nothing_else(part_class):
    name = part_class.__name__
    assert getattr(minidl, name) is part_class
    assert class_entry(part_class) == {"class": name, "origin": "minidl"}
    assert class_entry(imitation(part_class)) == {"class": name, "origin": "custom"}


def test_every_layer_loss_and_penalty_is_known():
    exported = [getattr(minidl, name) for name in minidl.__all__]
    parts = {
        part.__name__
        for part in exported
        if isinstance(part, type)
        and issubclass(part, Layer | Loss | Penalty)
        and not part.__abstractmethods__
    }
    assert set(MODEL_CLASSES) == parts


def test_a_class_is_found_by_its_origin():
    own, minidls = {"class": "Huber", "origin": "custom"}, {"class": "Huber", "origin": "minidl"}
    for custom in ({}, {"Huber": Huber}, {"Huber": minidl.Huber}):
        assert find_class("m.h5", minidls, Loss, custom) is minidl.Huber
    assert find_class("m.h5", own, Loss, {"Huber": Huber}) is Huber
    for custom in ({}, {"Huber": minidl.Huber}):
        with pytest.raises(
            DataError,
            match=r"^m\.h5: .* found the loss 'Huber': pass custom=\[Huber\], your own class; "
            "minidl's Huber is another class$",
        ):
            find_class("m.h5", own, Loss, custom)


@pytest.mark.parametrize("origin", ["minidl", "custom"])
@pytest.mark.parametrize(("name", "base"), [("Linear", Loss), ("Huber", Layer), ("L2", Layer)])
def test_a_class_of_another_kind_is_not_found(origin, name, base):
    entry = {"class": name, "origin": origin, "path": "3"}
    custom = {name: imitation(MODEL_CLASSES[name])}
    with pytest.raises(DataError, match=f"found the {base.__name__.lower()} '{name}' at '3'"):
        find_class("m.h5", entry, base, custom)


@pytest.mark.parametrize("name", ["__class__", "os.system", "", "x" * 10_000, "\x1b[2J"])
@pytest.mark.parametrize("origin", ["minidl", "custom"])
def test_a_forged_name_is_refused(name, origin):
    with pytest.raises(DataError) as caught:
        find_class("m.h5", {"class": name, "origin": origin}, Layer, {})
    assert len(str(caught.value)) < 400 or name.isidentifier()
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("custom", [[], (Huber,), [Huber, Residual, Huber], [minidl.Huber]])
def test_custom_is_a_sequence_of_classes(custom):
    assert check_custom(custom) == {part_class.__name__: part_class for part_class in custom}


@pytest.mark.parametrize(
    ("custom", "message"),
    [
        (Huber, r"must be a list of classes, got .*: pass custom=\[Huber\]"),
        (["Huber"], "must be a list of classes of layers, losses or penalties, got 'Huber'"),
        ([Huber()], "pass the classes themselves"),
        ([minidl.Adam], "of layers, losses or penalties"),
        (
            [Huber, Residual, imitation(Huber)],
            r"two classes with the same name, got version_1_samples\.Huber and .*: rename one",
        ),
        ([Huber, minidl.Huber], r"got version_1_samples\.Huber and minidl\.losses\.huber\.Huber"),
    ],
)
def test_other_values_of_custom_are_refused(custom, message):
    with pytest.raises(ArgumentError, match=message):
        check_custom(custom)


def test_a_class_may_be_added_twice_but_not_two_of_one_name():
    by_name = {}
    for added in (Huber, Residual, Huber):
        add_distinct(by_name, added, "rule")
    with pytest.raises(ArgumentError, match=r"^rule, got .* and .*: rename one of them"):
        add_distinct(by_name, minidl.Huber, "rule")
    assert by_name == {"Huber": Huber, "Residual": Residual}


def test_a_users_class_loads_beside_minidls_of_the_same_name(tmp_path):
    """Also if its settings are those of minidl's class, and it imitates its module."""
    own = imitation(Linear)
    model = Sequential([Linear(3, 2), own(2, 2), Linear(2, 1)], loss=Huber(0.5))
    path = model.save(tmp_path / "model.h5")
    loaded = Sequential.load(path, custom=[own, Huber])
    assert [type(layer) for layer in loaded.layers] == [Linear, own, Linear]
    assert type(loaded.loss) is Huber
    x, y = np.ones((2, 3)), np.zeros((2, 1))
    assert loaded.objective(x, y) == model.objective(x, y)
    with pytest.raises(DataError, match=r"layer 'Linear' at '1': pass custom=\[Linear\]"):
        Sequential.load(path, custom=[Huber])
    with pytest.raises(DataError, match=r"loss 'Huber': pass custom=\[Huber\]"):
        Sequential.load(path, custom=[own])
    with pytest.raises(DataError, match=r"loss 'Huber': pass custom=\[Huber\]"):
        Sequential.load(path, custom=[own, minidl.Huber])


def test_minidls_class_never_loads_as_the_users(tmp_path):
    model = Sequential([Linear(3, 1)], loss=minidl.Huber(0.5))
    path = model.save(tmp_path / "model.h5")
    loaded = Sequential.load(path, custom=[Huber, imitation(Linear)])
    assert type(loaded.loss) is minidl.Huber
    assert type(loaded.layers[0]) is Linear


def test_of_long_names_the_error_shows_80_characters():
    entry = {"class": "N" * 200, "origin": "minidl", "path": "p" * 200}
    message = r"found the layer 'N{80}' at 'p{80}': restore a copy"
    with pytest.raises(DataError, match=message):
        find_class("m.h5", entry, Layer, {})
